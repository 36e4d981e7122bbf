/* io_webhook.c - batches, Retry-After, backoff and the bounded queue on a clock of the test's; what
 * a person reads; base64 */
#include <stdlib.h>

#include "lib/io/base64.h"
#include "lib/io/line_reader.h"
#include "lib/io/notice.h"
#include "lib/io/webhook.h"
#include "t/unit/tap.h"

#define S LR_NS_PER_S

static void add(struct lr_webhook *w, int from, int n, uint64_t now)
{
	for (int i = 0; i < n; i++)
		lr_webhook_add(w, json_pack("{s:i}", "i", from + i), now);
}

/* Takes a post; its first event's number, or -1 when there is none. */
static int take(struct lr_webhook *w, uint64_t now, size_t *n, uint64_t *left_out)
{
	json_t *list = lr_webhook_take(w, now, left_out);
	int first = -1;

	*n = json_array_size(list);
	if (list)
		first = (int)json_integer_value(json_object_get(json_array_get(list, 0), "i"));
	json_decref(list);
	return first;
}

static void batches(void)
{
	struct lr_webhook w;
	uint64_t out, t = 100 * S;
	size_t n;

	lr_webhook_init(&w);
	ok(lr_webhook_due(&w) == LR_NEVER, "nothing to do");
	add(&w, 0, 1, t);
	is_int(lr_webhook_due(&w), 102 * S, "the first event waits for others");
	add(&w, 1, 4, t + S);
	is_int(lr_webhook_due(&w), 102 * S, "others do not put it off");
	is_int(take(&w, 102 * S - 1, &n, &out), -1, "not before");
	is_int(take(&w, 102 * S, &n, &out), 0, "then from the first one on");
	is_int(n, 5, "all in one post");
	is_int(out, 0, "none left out");
	add(&w, 5, 30, 102 * S);
	ok(lr_webhook_due(&w) == LR_NEVER, "one post at a time");
	lr_webhook_result(&w, LR_WEBHOOK_DONE, -1, 0, 103 * S);
	is_int(lr_webhook_due(&w), 105 * S, "the next one two seconds after the answer");
	is_int(take(&w, 105 * S, &n, &out), 5, "it goes on where the last one ended");
	is_int(n, LR_WEBHOOK_LINES, "a post has at most so many");
	lr_webhook_result(&w, LR_WEBHOOK_DONE, 9, 0, 105 * S);
	is_int(lr_webhook_due(&w), 114 * S, "a good answer may ask for patience, too");
	lr_webhook_hurry(&w, 106 * S);
	is_int(take(&w, 106 * S, &n, &out), 25, "at the end nothing waits");
	is_int(n, 10, "and the rest goes");
	lr_webhook_result(&w, LR_WEBHOOK_DONE, -1, 0, 106 * S);
	ok(lr_webhook_due(&w) == LR_NEVER && w.n == 0, "then it is empty");
	add(&w, 0, LR_WEBHOOK_LINES, 200 * S);
	is_int(lr_webhook_due(&w), 200 * S, "a full post waits for nobody");
	lr_webhook_release(&w);
}

static void failures(void)
{
	static const unsigned want[] = {2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300};
	struct lr_webhook w;
	uint64_t out, t = 0;
	size_t n;

	lr_webhook_init(&w);
	add(&w, 7, 3, 0);
	for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		t = lr_webhook_due(&w);
		is_int(take(&w, t, &n, &out), 7, "the same events again");
		lr_webhook_result(&w, LR_WEBHOOK_AGAIN, -1, i % 2 ? 255 : 0, t);
		uint64_t wait = lr_webhook_due(&w) - t, base = want[i] * S;
		is_int(wait, i % 2 ? base + base / 10 : base - base / 10, "after twice the time");
	}
	t = lr_webhook_due(&w);
	take(&w, t, &n, &out);
	lr_webhook_result(&w, LR_WEBHOOK_AGAIN, 1.5, 0, t);
	is_int(lr_webhook_due(&w), t + 3 * S / 2, "Retry-After is obeyed, to the fraction");
	add(&w, 10, LR_WEBHOOK_LINES, t);
	is_int(lr_webhook_due(&w), t + 3 * S / 2, "also when a post is full meanwhile");
	lr_webhook_hurry(&w, t);
	is_int(lr_webhook_due(&w), t + 3 * S / 2, "and at the end");
	t = lr_webhook_due(&w);
	take(&w, t, &n, &out);
	lr_webhook_result(&w, LR_WEBHOOK_AGAIN, 1e300, 0, t);
	is_int(lr_webhook_due(&w), t + 86400 * S, "but never for more than a day");
	t = lr_webhook_due(&w);
	take(&w, t, &n, &out);
	lr_webhook_result(&w, LR_WEBHOOK_REFUSED, -1, 0, t);
	is_int(w.n, 3, "what is refused is dropped, the others stay");
	is_int(w.dropped, LR_WEBHOOK_LINES, "and counted");
	lr_webhook_release(&w);
}

static void bounded(void)
{
	struct lr_webhook w;
	uint64_t out;
	size_t n;

	lr_webhook_init(&w);
	add(&w, 0, LR_WEBHOOK_QUEUE, 0);
	is_int(take(&w, 0, &n, &out), 0, "a full queue");
	add(&w, LR_WEBHOOK_QUEUE, 100, S);
	is_int(w.n, LR_WEBHOOK_QUEUE, "never grows");
	is_int(w.dropped, 100, "what did not fit is counted");
	lr_webhook_result(&w, LR_WEBHOOK_AGAIN, 1, 0, S);
	is_int(take(&w, 2 * S, &n, &out), 0, "what was on its way is not dropped");
	is_int(out, 100, "the post says how many were");
	lr_webhook_result(&w, LR_WEBHOOK_DONE, -1, 0, 2 * S);
	is_int(take(&w, 4 * S, &n, &out), 120, "the oldest that waited went");
	is_int(out, 0, "which is said once");
	lr_webhook_release(&w);
	ok(w.n == 0, "released");
}

static void retry_after(void)
{
	is_int(lr_webhook_retry_after("120", 0), 120, "seconds");
	ok(lr_webhook_retry_after("0.65", 0) == 0.65, "a fraction");
	is_int(lr_webhook_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784111700), 77, "a date");
	is_int(lr_webhook_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 1784111700), 0,
		"a past date");
	is_int(lr_webhook_retry_after("soon", 0), -1, "neither");
	is_int(lr_webhook_retry_after("-5", 0), -1, "less than nothing");
	is_int(lr_webhook_retry_after("1.2.3", 0), -1, "no number");
	is_int(lr_webhook_retry_after(NULL, 0), -1, "none");
	bool gone;
	is_int(lr_webhook_outcome(204, &gone), LR_WEBHOOK_DONE, "204 is done");
	is_int(lr_webhook_outcome(429, &gone), LR_WEBHOOK_AGAIN, "429 is later");
	is_int(lr_webhook_outcome(503, &gone), LR_WEBHOOK_AGAIN, "503 is later");
	ok(lr_webhook_outcome(400, &gone) == LR_WEBHOOK_REFUSED && !gone, "400 is refused");
	ok(lr_webhook_outcome(404, &gone) == LR_WEBHOOK_REFUSED && gone, "404: there is none");
}

static void texts(void)
{
	char line[LR_NOTICE_TEXT];
	json_t *e = json_pack("{s:s,s:s,s:s,s:s}", "time", "2026-11-23T12:00:03.123Z", "event",
		"expired", "peer", "@everyone_\x1b[2J", "iface", "lr0");
	json_t *node = json_pack("{s:s,s:s,s:n}", "event", "brand-new", "iface", "lr0", "peer");
	json_t *list = json_array(), *back;

	lr_notice_line(e, line);
	is_str(line, "12:00:03 @everyone_?[2J: session ended (lr0)", "a line");
	lr_notice_line(node, line);
	is_str(line, "lr0: brand-new", "an event that it does not know, about the node");
	json_array_append_new(list, e);
	char *body = lr_notice_body(list, 3, LR_NOTICE_DISCORD);
	back = lr_json_parse(body, strlen(body), NULL);
	is_str(json_string_value(json_object_get(back, "content")),
		"12:00:03 \\@everyone\\_?\\[2J: session ended \\(lr0\\)\n3 more left out",
		"Discord: markup and mentions out of effect");
	json_decref(back);
	free(body);
	for (int i = 0; i < 60; i++)
		json_array_append_new(
			list, json_pack("{s:s,s:s}", "event", "up", "peer",
				      "a name of one hundred bytes is cut at the end, but eighty "
				      "bytes are not, so they all stay"));
	body = lr_notice_body(list, 0, LR_NOTICE_DISCORD);
	back = lr_json_parse(body, strlen(body), NULL);
	const char *content = json_string_value(json_object_get(back, "content"));
	ok(strlen(content) <= 2000 && strstr(content, "more left out"),
		"Discord: 2,000 characters");
	json_decref(back);
	free(body);
	json_decref(list);
	list = json_pack("[{s:s,s:s}]", "event", "up", "peer", "<b>&");
	body = lr_notice_desktop(list, 0);
	is_str(body, "&lt;b>&amp;: up", "a desktop: no markup");
	free(body);
	json_decref(list);
	json_decref(node);
}

static void base64(void)
{
	static const char *const bad[] = {
		"a", "Zg=", "Zh==", "Zm9=", "Z===", "Zm 9v", "=", "Zg==Zg=="};
	char *text;
	uint8_t *bytes, all[256];
	size_t len = 0;

	for (unsigned i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)(i * 7);
	for (unsigned i = 0; i <= sizeof(all); i++) {
		text = lr_base64(all, i);
		bytes = lr_base64_parse(text, &len);
		if (!bytes || len != i || memcmp(bytes, all, i) != 0 ||
			strlen(text) != (i + 2) / 3 * 4)
			ok(false, "there and back: %u bytes", i);
		free(text);
		free(bytes);
	}
	text = lr_base64("foob", 4);
	is_str(text, "Zm9vYg==", "RFC 4648, section 10");
	free(text);
	bytes = lr_base64_parse("-_8", &len);
	ok(bytes && len == 2 && bytes[0] == 0xfb && bytes[1] == 0xff,
		"the other alphabet, no padding");
	free(bytes);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!lr_base64_parse(bad[i], &len), "not base64: %s", bad[i]);
}

struct seen {
	char text[64];
	unsigned lines, too_long;
};

static void see(void *ctx, const char *text, size_t len)
{
	struct seen *s = ctx;

	s->lines++;
	s->too_long += !text;
	if (text && len < sizeof(s->text))
		memcpy(s->text, text, len + 1);
}

static void lines(void)
{
	struct seen s = {0};
	struct lr_line_reader r = {.take = see, .ctx = &s};
	static char big[LR_JSON_LINE_MAX + 1];

	memset(big, 'x', sizeof(big));
	lr_line_reader_feed(&r, "one\n\nt", 6);
	ok(s.lines == 1 && r.line == 2, "empty lines count and are not told");
	lr_line_reader_feed(&r, "wo\n", 3);
	is_str(s.text, "two", "a line in pieces");
	is_int(r.line, 3, "its number");
	lr_line_reader_feed(&r, big, sizeof(big));
	lr_line_reader_feed(&r, "\nfour\n", 6);
	ok(s.too_long == 1 && s.lines == 4, "a line over the limit costs one line");
	is_str(s.text, "four", "the next is read");
	lr_line_reader_feed(&r, big, sizeof(big) - 1);
	lr_line_reader_feed(&r, "\n", 1);
	ok(s.too_long == 1 && s.lines == 5, "one of the limit is read");
	lr_line_reader_release(&r);
}

int main(void)
{
	batches();
	failures();
	bounded();
	retry_after();
	texts();
	base64();
	lines();
	return tap_done();
}
