/*
 * ipam_store.c - the log: replay in any pieces, two writers, torn lines, compaction, repair
 */
#include "lib/ipam/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/state.h"
#include "t/unit/tap.h"

static char dir[] = "/tmp/lr-ipam-store.XXXXXX";
static struct lr_prefix pool;
static struct lr_err err;

static struct lr_store *store(void)
{
	return lr_store_new(dir, &pool, NULL, &err);
}

/* One batch of one name; its address as text, or the error. */
static const char *give(struct lr_store *s, const char *peer)
{
	static char text[LR_ADDR_TEXT];
	struct lr_want want = {.peer = peer};

	if (lr_store_begin(s, &err) < 0)
		return err.text;
	const struct lr_lease *l = lr_store_alloc(s, &want, &err);
	if (lr_store_commit(s, &err) < 0 || !l)
		return err.text;
	return lr_ip_text(&l->address, text);
}

static const char *ask(struct lr_store *s, const char *peer)
{
	static char text[LR_ADDR_TEXT];

	if (lr_store_read(s, NULL, NULL, &err) < 0)
		return err.text;
	const struct lr_lease *l = lr_ipam_by_peer(lr_store_table(s), peer);
	return l ? lr_ip_text(&l->address, text) : "(none)";
}

static void append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ok(false, "append to %s", path);
	close(fd);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? -1 : st.st_size;
}

static void clean(struct lr_store *s)
{
	char path[PATH_MAX + 16];
	static const char *const tails[] = {"", ".bad", ".bad.2", ".lock", ".new"};

	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
		snprintf(path, sizeof(path), "%s%s", lr_store_path(s), tails[i]);
		unlink(path);
	}
	lr_store_free(s);
}

/* --- replay --- */

static const char journal_text[] = "{\"op\":\"alloc\",\"peer\":\"a\",\"address\":\"10.66.0.1\"}\n"
				   "{\"op\":\"alloc\",\"peer\":\"b\",\"address\":\"10.66.0.1\"}\n"
				   "\n"
				   "rubbish\r\n"
				   "{\"op\":\"alloc\",\"peer\":\"c\",\"address\":\"10.66.0.2\"}\r\n"
				   "{\"op\":\"release\",\"peer\":\"a\"}\n"
				   "{\"op\":\"alloc\",\"peer\":\"d\",\"addr";

struct heard {
	char text[128];
};

static void hear(void *ctx, const struct lr_finding *f)
{
	struct heard *h = ctx;
	size_t n = strlen(h->text);

	snprintf(h->text + n, sizeof(h->text) - n, "%zu:%s ", f->line, lr_flaw_name(f->flaw));
}

static void replay_in_pieces(void)
{
	unsigned wrong = 0;

	for (size_t piece = 1; piece <= sizeof(journal_text); piece++) {
		struct lr_ipam *t = lr_ipam_new(&pool, NULL);
		struct lr_journal j;
		struct heard h = {""};
		lr_journal_init(&j, t);
		j.found = hear;
		j.ctx = &h;
		for (size_t at = 0; at < sizeof(journal_text) - 1; at += piece) {
			size_t left = sizeof(journal_text) - 1 - at;
			lr_journal_feed(&j, journal_text + at, left < piece ? left : piece);
		}
		wrong += lr_journal_finish(&j) != 2 || j.lines != 6 || j.flaws != 3 ||
			 j.end != (uint64_t)(strrchr(journal_text, '\n') + 1 - journal_text) ||
			 strcmp(h.text, "2:duplicate_address 4:malformed 7:torn ") != 0 ||
			 lr_ipam_count(t) != 1;
		lr_journal_release(&j);
		lr_ipam_free(t);
	}
	is_int(wrong, 0, "a log says the same however it is cut");
}

static void replay_overlong(void)
{
	struct lr_ipam *t = lr_ipam_new(&pool, NULL);
	struct lr_journal j;
	size_t len = 3u << 20;
	char *big = malloc(len);

	memset(big, 'x', len);
	big[len - 1] = '\n';
	lr_journal_init(&j, t);
	lr_journal_feed(&j, big, len);
	lr_journal_feed(&j, big, len / 2);
	lr_journal_feed(&j, big, len / 2);
	ok(j.carry_room < len, "a line without an end takes no memory without an end");
	lr_journal_feed(&j, "\n", 1);
	lr_journal_feed(&j, journal_text, sizeof(journal_text) - 1);
	is_int(j.lines, 8, "three megabytes without a newline are a line");
	is_int(lr_ipam_count(t), 1, "what follows is read");
	lr_journal_release(&j);
	lr_ipam_free(t);
	free(big);
}

/* --- files --- */

static void two_writers(void)
{
	struct lr_store *a = store(), *b = store();

	is_str(ask(a, "x"), "(none)", "no file is an empty pool");
	is_int(size_of(lr_store_path(a)), -1, "and asking makes none");
	is_str(give(a, "x"), "10.66.0.1", "one writer");
	is_str(give(b, "y"), "10.66.0.2", "another");
	is_str(give(a, "z"), "10.66.0.3", "the first sees what the other wrote");
	is_str(give(b, "x"), "10.66.0.1", "and the other way round");
	is_str(ask(b, "z"), "10.66.0.3", "a reader too");
	off_t before = size_of(lr_store_path(a));
	give(a, "x");
	is_int(size_of(lr_store_path(a)), before, "what is known is not written again");
	lr_store_free(b);
	clean(a);
}

static void torn(void)
{
	struct lr_store *s = store(), *other = store();
	const char *path = lr_store_path(s);

	give(s, "x");
	off_t whole = size_of(path);
	append(path, "{\"op\":\"alloc\",\"peer\":\"y\",\"address\":\"10.");
	is_str(ask(other, "x"), "10.66.0.1", "a reader looks over a torn line");
	ok(lr_store_torn(other) && lr_store_flaws(other) == 1, "and says so");
	ok(size_of(path) > whole, "and leaves it");
	is_str(give(other, "y"), "10.66.0.2", "a writer");
	ok(lr_store_torn(other), "says so as well");
	is_int(size_of(path), 2 * whole, "cuts it off and appends behind the last whole line");
	is_str(give(s, "z"), "10.66.0.3", "the first writer goes on");
	truncate(path, size_of(path) - 1);
	is_str(ask(other, "z"), "10.66.0.3", "a line that lacks only its newline counts");
	is_int(lr_store_flaws(other), 0, "as whole");
	is_str(give(other, "u"), "10.66.0.4", "the next one does not stick to it");
	is_str(ask(s, "u"), "10.66.0.4", "so both are read");
	is_int(lr_store_flaws(s), 0, "without a flaw");
	lr_store_free(other);
	clean(s);
}

static void compaction(void)
{
	struct lr_store *s = store(), *other = store();
	struct stat first, now;
	char name[16];

	give(s, "keeper");
	is_str(give(other, "other"), "10.66.0.2", "another writer has the file open");
	stat(lr_store_path(s), &first);
	lr_store_begin(s, &err);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "p%d", i % 5);
		const struct lr_lease *l = lr_store_alloc(s, &(struct lr_want){.peer = name}, &err);
		if (l)
			lr_store_release(s, l, &err);
	}
	is_int(lr_store_commit(s, &err), 0, "a batch with many dead lines");
	stat(lr_store_path(s), &now);
	ok(now.st_ino != first.st_ino && now.st_size < 1000, "the log is written anew");
	is_str(give(other, "next"), "10.66.0.8", "who had the old one open sees the new one");
	is_str(give(s, "p3"), "10.66.0.6", "former holders are remembered");
	is_str(ask(s, "keeper"), "10.66.0.1", "leases stay");
	lr_store_free(other);
	clean(s);
}

/* A write that fails in the middle: nothing of the batch happened. */
static void failed_write(void)
{
	struct lr_store *s = store();
	struct rlimit limit, old;

	give(s, "x");
	off_t whole = size_of(lr_store_path(s));
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){(rlim_t)whole + 10, old.rlim_max};
	setrlimit(RLIMIT_FSIZE, &limit);
	lr_store_begin(s, &err);
	lr_store_alloc(s, &(struct lr_want){.peer = "y"}, &err);
	int rc = lr_store_commit(s, &err);
	setrlimit(RLIMIT_FSIZE, &old);
	is_int(rc, -1, "a write that does not fit");
	ok(strstr(err.text, strerror(EFBIG)), "says why");
	is_int(size_of(lr_store_path(s)), whole, "is taken back");
	is_str(ask(s, "y"), "(none)", "its lease is not there");
	is_str(give(s, "z"), "10.66.0.2", "and its address is free");
	clean(s);
}

static void repair(void)
{
	struct lr_store *s = store();
	char copy[PATH_MAX];
	struct heard h = {""};

	give(s, "x");
	append(lr_store_path(s), journal_text);
	off_t before = size_of(lr_store_path(s));
	is_int(lr_store_repair(s, hear, &h, copy, &err), 0, "a repair");
	is_str(h.text, "2:duplicate_address 3:duplicate_address 5:malformed 7:unknown_peer 8:torn ",
		"tells what was wrong");
	is_int(size_of(copy), before, "keeps the log as it was");
	h.text[0] = '\0';
	is_int(lr_store_repair(s, hear, &h, copy, &err), 0, "again");
	ok(!h.text[0] && !copy[0], "nothing is wrong any more, nothing is written");
	is_str(ask(s, "c"), "10.66.0.2", "what was right is there");
	append(lr_store_path(s), "x\n");
	lr_store_repair(s, NULL, NULL, copy, &err);
	ok(strstr(copy, ".bad.2") != NULL, "an older copy is not written over");
	is_str(give(s, "new"), "10.66.0.3", "and it goes on");
	clean(s);
}

static void ula(void)
{
	struct lr_prefix mine, other;
	char text[LR_ADDR_TEXT];

	lr_ipam_ula_parse("fd77::/64", &mine, NULL);
	lr_ipam_ula_parse("fd78::/64", &other, NULL);
	struct lr_store *a = lr_store_new(dir, &pool, &mine, &err), *b = store();
	give(a, "x");
	ask(b, "x");
	is_str(lr_prefix_text(lr_ipam_ula(lr_store_table(b)), text), "fd77::/64", "is remembered");
	struct lr_store *c = lr_store_new(dir, &pool, &other, &err);
	is_int(lr_store_begin(c, &err), -1, "and not changed");
	is_int(err.exit, LR_EXIT_USAGE, "that is a mistake of the caller");
	lr_store_free(b);
	lr_store_free(c);
	clean(a);
}

int main(void)
{
	char sub[sizeof(dir) + 8];

	lr_ipam_pool_parse("10.66.0.0/16", &pool, NULL);
	if (!mkdtemp(dir))
		return 1;
	replay_in_pieces();
	replay_overlong();
	two_writers();
	torn();
	compaction();
	failed_write();
	repair();
	ula();
	snprintf(sub, sizeof(sub), "%s/ipam", dir);
	ok(rmdir(sub) == 0 && rmdir(dir) == 0, "nothing is left behind");
	return tap_done();
}
