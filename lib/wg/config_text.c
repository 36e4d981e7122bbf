/*
 * config_text.c - reads the wg-quick file format, line by line
 *
 * Theory of operation: each line is copied into one buffer, which is wiped at the end because
 * keys pass through it. A line is a section, KEY = VALUE, empty, or a comment; behind '#'
 * everything is a comment, and a line that is nothing but "# Name = bob" is the nickname of
 * the section in which it stands, the first one of several. `seen` holds the lines at which
 * the fields of the current section stood.
 *
 * Source: wg(8), wg-quick(8).
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/wg/config_fields.h"
#include "lib/wg/config_value.h"

#define LINE_MAX_BYTES (64u << 10)

struct lines {
	struct lr_config_reader *r;
	enum lr_config_section section;
	unsigned interface_line; /* 0: there was none yet */
	unsigned section_line;
	unsigned seen[LR_CONFIG_FIELDS];
	char *buf;
	size_t used; /* the most bytes that were in buf */
};

static int check_section_end(const struct lines *l)
{
	if (l->section != LR_SECTION_PEER || l->seen[lr_config_field_public_key()])
		return 0;
	return lr_config_reader_fail(l->r, l->section_line, "this peer has no PublicKey");
}

static int begin_interface(struct lines *l)
{
	if (l->interface_line)
		return lr_config_reader_fail(l->r, l->r->line,
			"a second [Interface]: the first is in line %u", l->interface_line);
	l->interface_line = l->r->line;
	l->section = LR_SECTION_INTERFACE;
	return 0;
}

static int keep_peer_line(struct lr_config_reader *r)
{
	size_t n = r->out->n_peers;

	if (n == r->room_lines) {
		size_t room = n ? 2 * n : 4;
		unsigned *more = reallocarray(r->peer_lines, room, sizeof(*more));
		if (!more)
			return lr_config_reader_no_memory(r);
		r->peer_lines = more;
		r->room_lines = room;
	}
	r->peer_lines[n] = r->line;
	return 0;
}

static int begin_peer(struct lines *l)
{
	static const uint8_t none[LR_KEY_LEN];
	struct lr_config_reader *r = l->r;

	if (r->out->n_peers >= LR_WG_MAX_PEERS)
		return lr_config_reader_fail(
			r, r->line, "there are more than %d peers", LR_WG_MAX_PEERS);
	if (keep_peer_line(r) != 0)
		return -1;
	if (!lr_config_add_peer(r->out, none))
		return lr_config_reader_no_memory(r);
	l->section = LR_SECTION_PEER;
	return 0;
}

static int read_section(struct lines *l, char *line)
{
	char *close = strchr(line, ']');

	if (!close || close[1])
		return lr_config_reader_fail(
			l->r, l->r->line, "a section is written [Interface] or [Peer]");
	if (check_section_end(l) != 0)
		return -1;
	*close = '\0';
	const char *name = lr_config_trim(line + 1);
	memset(l->seen, 0, sizeof(l->seen));
	l->section_line = l->r->line;
	if (strcasecmp(name, "Interface") == 0)
		return begin_interface(l);
	if (strcasecmp(name, "Peer") == 0)
		return begin_peer(l);
	return lr_config_reader_fail(l->r, l->r->line,
		"[%s] is no section: [Interface] and [Peer] are",
		lr_config_is_word(name) ? name : "...");
}

static int read_field(struct lines *l, char *line)
{
	struct lr_config_reader *r = l->r;
	char *equals = strchr(line, '=');

	if (l->section == LR_SECTION_NONE)
		return lr_config_reader_fail(
			r, r->line, "this line stands before any section: [Interface] comes first");
	if (!equals)
		return lr_config_reader_fail(r, r->line, "this line is not KEY = VALUE");
	*equals = '\0';
	const struct lr_config_field *f = lr_config_field_find(r, l->section, lr_config_trim(line));
	if (!f)
		return -1;
	unsigned *seen = &l->seen[lr_config_field_index(f)];
	if (*seen && !f->many)
		return lr_config_reader_fail(
			r, r->line, "a second %s: the first is in line %u", f->name, *seen);
	*seen = r->line;
	return f->read(r, lr_config_trim(equals + 1), f);
}

/* The value of "# Name = VALUE" in `comment` (which begins with '#'), or NULL. */
static char *nickname(char *comment)
{
	char *equals = strchr(comment, '=');

	if (!equals)
		return NULL;
	*equals = '\0';
	if (strcasecmp(lr_config_trim(comment + 1), "Name") != 0)
		return NULL;
	return lr_config_trim(equals + 1);
}

static int read_comment(struct lines *l, char *comment)
{
	struct lr_config_reader *r = l->r;
	char *name = l->section == LR_SECTION_NONE ? NULL : nickname(comment);
	char *to = l->section == LR_SECTION_PEER ? r->out->peers[r->out->n_peers - 1].name
						 : r->out->name;

	if (!name || !*name || *to)
		return 0;
	const char *fault = lr_config_name_fault(name);
	if (fault && strcmp(fault, "is not UTF-8") == 0) {
		lr_text_clean(name, false);
		lr_config_reader_note(
			r, r->line, "the name is not UTF-8: it is read as \"%s\"", name);
		fault = lr_config_name_fault(name);
	}
	if (fault)
		return lr_config_reader_fail(r, r->line, "the name %s", fault);
	memcpy(to, name, strlen(name) + 1); /* its length was checked with it */
	return 0;
}

static int read_line(struct lines *l, const char *text, size_t len)
{
	if (memchr(text, '\0', len))
		return lr_config_reader_fail(
			l->r, l->r->line, "there is a NUL byte: this is no text file");
	if (len > LINE_MAX_BYTES)
		return lr_config_reader_fail(
			l->r, l->r->line, "the line has more than %u bytes", LINE_MAX_BYTES);
	memcpy(l->buf, text, len);
	l->buf[len] = '\0';
	if (len > l->used)
		l->used = len;
	char *line = lr_config_trim(l->buf);
	if (*line == '#')
		return read_comment(l, line);
	line[strcspn(line, "#")] = '\0';
	line = lr_config_trim(line);
	if (*line == '\0')
		return 0;
	return *line == '[' ? read_section(l, line) : read_field(l, line);
}

static int read_lines(struct lines *l, const char *text, size_t len)
{
	const char *end = text + len;

	for (const char *next; text < end; text = next) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		next = stop ? stop + 1 : end;
		l->r->line++;
		if (read_line(l, text, (size_t)((stop ? stop : end) - text)) != 0)
			return -1;
	}
	if (check_section_end(l) != 0)
		return -1;
	if (!l->interface_line)
		return lr_config_reader_fail(l->r, 1, "there is no [Interface] section");
	return 0;
}

int lr_config_read_text(struct lr_config_reader *r, const char *text, size_t len)
{
	struct lines l = {.r = r, .buf = malloc(LINE_MAX_BYTES + 1)};

	if (!l.buf)
		return lr_config_reader_no_memory(r);
	int rc = read_lines(&l, text, len);
	lr_wipe(l.buf, l.used);
	free(l.buf);
	return rc;
}
