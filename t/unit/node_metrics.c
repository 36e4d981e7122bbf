/* Status objects as Prometheus text and as plain text. */
#include "lib/node/metrics.h"

#include <stdlib.h>

#include "lib/node/plain.h"
#include "lib/node/report.h"
#include "t/unit/tap.h"

static const char status[] =
	"{\"iface\":\"lr0\",\"pid\":7,\"version\":\"1.2.3\",\"name\":null,\"public_key\":\"OWN=\","
	"\"device\":\"tun\",\"listen_port\":51820,\"fwmark\":0,\"mtu\":1420,"
	"\"addresses\":[\"10.66.0.1/24\"],\"started\":\"2026-01-31T12:00:00.500Z\","
	"\"offloads\":{\"tso\":true,\"uso\":false,\"udp_gso\":true,\"udp_gro\":false},"
	"\"rx_packets\":3,\"tx_packets\":4,\"rx_bytes\":1536,\"tx_bytes\":20,"
	"\"device_rx_packets\":4,\"device_tx_packets\":3,\"wakeups\":9,"
	"\"drops\":{\"replay\":2,\"auth\":0},\"peer_count\":1,\"peers\":["
	"{\"peer\":\"b\\\"\\\\\\n\",\"public_key\":\"KEY=\",\"address\":null,\"address6\":\"fd66::"
	"2\","
	"\"endpoint\":null,\"allowed_ips\":[\"fd66::2/128\"],\"keepalive\":0,\"preshared\":false,"
	"\"last_handshake\":\"2026-01-31T12:00:30.000Z\",\"rx_bytes\":1536,\"tx_bytes\":null,"
	"\"rx_packets\":3,\"tx_packets\":4,\"path\":{\"kind\":\"direct\",\"endpoint\":null,"
	"\"rtt_us\":null}}]}";

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
	printf("# no line: %s\n", line);
	return false;
}

static void metrics(const json_t *node)
{
	char *text = lr_metrics_text(node);

	ok(has_line(text, "# TYPE lanrage_drops_total counter"), "a type line");
	ok(has_line(text, "lanrage_drops_total{iface=\"lr0\",reason=\"replay\"} 2"), "a drop");
	ok(has_line(text, "lanrage_info{iface=\"lr0\",public_key=\"OWN=\",version=\"1.2.3\"} 1"),
		"info");
	ok(has_line(text, "lanrage_start_time_seconds{iface=\"lr0\"} 1769860800.500"), "a time");
	ok(has_line(text, "lanrage_peer_receive_bytes_total{iface=\"lr0\",peer=\"b\\\"\\\\\\n\","
			  "public_key=\"KEY=\"} 1536"),
		"labels are escaped");
	ok(!strstr(text, "lanrage_peer_transmit_bytes_total{"), "what is null is left out");
	ok(has_line(text,
		   "lanrage_peer_up{iface=\"lr0\",peer=\"b\\\"\\\\\\n\",public_key=\"KEY=\"} 1"),
		"up");
	free(text);
	json_t *empty = json_object();
	text = lr_metrics_text(empty);
	ok(text && has_line(text, "lanrage_info{iface=\"\",public_key=\"\",version=\"\"} 1"),
		"an empty object does no harm");
	free(text);
	json_decref(empty);
}

static void plain(const json_t *node)
{
	double now = lr_report_unix_seconds("2026-01-31T12:00:45Z");
	char *text = lr_plain_status(node, now);

	ok(has_line(text, "interface       lr0 (tun), pid 7"), "the interface");
	ok(has_line(text, "started         44 s ago"), "an age");
	ok(has_line(text, "offloads        tso, udp_gso"), "offloads that are on");
	ok(has_line(text, "received        3 packets, 1.5 KiB"), "traffic");
	ok(has_line(text, "dropped         2 replay"), "only drops that are not zero");
	ok(!strstr(text, "auth"), "not those that are");
	ok(has_line(text, "PEER  PUBLIC KEY  ADDRESS  ENDPOINT  HANDSHAKE  RECEIVED  SENT"),
		"heads");
	ok(has_line(text, "b\"\\?  KEY=        fd66::2  -         15 s ago   1.5 KiB   -"),
		"a row: aligned, control characters gone");
	free(text);
}

static void times(void)
{
	ok(lr_report_unix_seconds("1970-01-01T00:00:00Z") == 0, "the epoch");
	ok(lr_report_unix_seconds("2026-01-31T12:00:00.25Z") == 1769860800.25, "a fraction");
	ok(lr_report_unix_seconds("rubbish") == -1 && lr_report_unix_seconds(NULL) == -1,
		"no time");
}

static void ages(void)
{
	static const struct {
		double now;
		const char *want;
	} cases[] = {
		{1769860829, "0 s ago"}, /* a clock that was set back */
		{1769860830, "0 s ago"},
		{1769860949, "119 s ago"},
		{1769860950, "2 min ago"},
		{1769868029, "119 min ago"},
		{1769868030, "2 h ago"},
		{1770033630, "2 days ago"},
	};
	json_t *node = lr_json_parse(status, strlen(status), NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = lr_plain_list(json_object_get(node, "peers"), cases[i].now);
		ok(text && strstr(text, cases[i].want), "%s", cases[i].want);
		free(text);
	}
	json_decref(node);
}

int main(void)
{
	struct lr_err err = {0};
	json_t *node = lr_json_parse(status, strlen(status), &err);

	ok(node != NULL, "the object %s", err.text);
	metrics(node);
	plain(node);
	times();
	ages();
	json_decref(node);
	return tap_done();
}
