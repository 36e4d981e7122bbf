/*
 * journal.c - the replay of a log into a table, without files
 */
#include "lib/ipam/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"

void lr_journal_init(struct lr_journal *j, struct lr_ipam *table)
{
	*j = (struct lr_journal){.table = table};
}

void lr_journal_release(struct lr_journal *j)
{
	free(j->carry);
	j->carry = NULL;
	j->carry_len = j->carry_room = 0;
}

/* --- telling what is wrong --- */

static void tell(struct lr_journal *j, struct lr_finding *f)
{
	j->flaws++;
	if (j->found)
		j->found(j->ctx, f);
}

static void tell_malformed(struct lr_journal *j, const char *why)
{
	struct lr_finding f = {.flaw = LR_FLAW_MALFORMED, .line = j->lines};

	snprintf(f.text, sizeof(f.text), "%s; ignored", why);
	tell(j, &f);
}

static void explain_address(
	const struct lr_journal *j, const struct lr_record *r, struct lr_finding *f)
{
	char text[LR_ADDR_TEXT];
	const struct lr_lease *l = lr_ipam_by_address(j->table, &r->address);

	snprintf(f->text, sizeof(f->text),
		"%s is held by %s since line %zu; the later lease of %s is ignored",
		lr_ip_text(&r->address, text), l ? l->peer : "another", l ? lr_ipam_line(l) : 0,
		r->peer);
}

static void explain_peer(
	const struct lr_journal *j, const struct lr_record *r, struct lr_finding *f)
{
	char text[LR_ADDR_TEXT], later[LR_ADDR_TEXT];
	const struct lr_lease *l = lr_ipam_by_peer(j->table, r->name[0] ? r->name : r->peer);
	const char *what = "";

	if (!l && r->public_key[0]) {
		l = lr_ipam_by_peer(j->table, r->public_key);
		what = "the key of ";
	}
	if (!l) {
		snprintf(f->text, sizeof(f->text), "%s has another public key; ignored", r->peer);
		return;
	}
	snprintf(f->text, sizeof(f->text), "%s%s has %s since line %zu; the later %s is ignored",
		what, r->name[0] ? r->name : r->peer, lr_ip_text(&l->address, text),
		lr_ipam_line(l), r->address.family ? lr_ip_text(&r->address, later) : "change");
}

static void explain(const struct lr_journal *j, const struct lr_record *r, struct lr_finding *f)
{
	char text[LR_ADDR_TEXT], pool[LR_ADDR_TEXT];

	switch (f->flaw) {
	case LR_FLAW_STRAY:
		snprintf(f->text, sizeof(f->text),
			"%s%s%s is no address that the pool %s gives; ignored", r->peer,
			r->peer[0] ? ": " : "", lr_ip_text(&r->address, text),
			lr_prefix_text(lr_ipam_pool(j->table), pool));
		return;
	case LR_FLAW_DUPLICATE_ADDRESS:
		explain_address(j, r, f);
		return;
	case LR_FLAW_DUPLICATE_PEER:
		explain_peer(j, r, f);
		return;
	case LR_FLAW_UNKNOWN:
		snprintf(f->text, sizeof(f->text), "%s has no such lease; ignored", r->peer);
		return;
	default:
		snprintf(f->text, sizeof(f->text), "contradicts the pool or itself; ignored");
	}
}

static void tell_flaw(struct lr_journal *j, const struct lr_record *r, enum lr_flaw flaw)
{
	struct lr_finding f = {
		.flaw = flaw,
		.line = j->lines,
		.peer = r->peer[0] ? r->peer : NULL,
		.address = r->address,
	};

	explain(j, r, &f);
	tell(j, &f);
}

/* --- lines --- */

static void apply(struct lr_journal *j, const struct lr_record *r)
{
	int rc = lr_ipam_apply(j->table, r, j->lines);

	if (rc < 0)
		j->no_memory = true;
	else if (rc > 0)
		tell_flaw(j, r, (enum lr_flaw)rc);
}

static void take_line(struct lr_journal *j, const char *line, size_t len)
{
	struct lr_record r;
	struct lr_err err = {0};

	j->lines++;
	if (j->overlong) {
		tell_malformed(j, "too long for a line of this log");
		return;
	}
	if (len && line[len - 1] == '\r')
		len--;
	if (!len)
		return;
	if (lr_record_parse(line, len, &r, &err) < 0)
		tell_malformed(j, err.text);
	else
		apply(j, &r);
}

static void keep(struct lr_journal *j, const char *bytes, size_t len)
{
	j->pending += len;
	if (j->overlong || j->carry_len + len > LR_JSON_LINE_MAX) {
		j->overlong = true;
		j->carry_len = 0;
		return;
	}
	if (j->carry_len + len > j->carry_room) {
		size_t room = (j->carry_len + len) * 2;
		char *wide = realloc(j->carry, room);
		if (!wide) {
			j->no_memory = true;
			return;
		}
		j->carry = wide;
		j->carry_room = room;
	}
	memcpy(j->carry + j->carry_len, bytes, len);
	j->carry_len += len;
}

void lr_journal_feed(struct lr_journal *j, const char *bytes, size_t len)
{
	while (len && !j->no_memory) {
		const char *nl = memchr(bytes, '\n', len);
		size_t n = nl ? (size_t)(nl - bytes) : len;
		if (!nl || j->pending || n > LR_JSON_LINE_MAX)
			keep(j, bytes, n);
		if (!nl)
			return;
		if (j->pending)
			take_line(j, j->carry, j->carry_len);
		else
			take_line(j, bytes, n);
		j->end += (j->pending ? j->pending : n) + 1;
		j->pending = 0;
		j->carry_len = 0;
		j->overlong = false;
		bytes += n + 1;
		len -= n + 1;
	}
}

int lr_journal_finish(struct lr_journal *j)
{
	struct lr_record r;
	struct lr_finding f = {.flaw = LR_FLAW_TORN, .line = j->lines + 1};

	if (!j->pending)
		return 0;
	if (!j->overlong && lr_record_parse(j->carry, j->carry_len, &r, NULL) == 0) {
		j->lines++;
		apply(j, &r);
		return 1;
	}
	snprintf(f.text, sizeof(f.text), "the last line is cut short after %llu bytes; ignored",
		(unsigned long long)j->pending);
	tell(j, &f);
	return 2;
}
