/*
 * report_path.c - the way to a peer, and how well one can play over it, as JSON
 */
#include "lib/nat/reach.h"
#include "lib/node/report.h"
#include "terms.h"

void lr_report_put_endpoint(json_t *obj, const char *key, const struct lr_endpoint *e)
{
	char text[LR_ENDPOINT_TEXT];

	lr_json_put_str(
		obj, key, e && e->sa.sa_family != AF_UNSPEC ? lr_endpoint_text(e, text) : NULL);
}

static json_t *quality(const struct lr_quality *q)
{
	if (!lr_quality_known(q))
		return json_null();
	json_t *out = json_object();
	lr_json_put_int(out, LR_K_SCORE, lr_quality_now(q));
	lr_json_put_str(out, LR_K_GRADE, lr_grade_name(q->grade));
	lr_json_put_str(out, LR_K_TREND, lr_trend_name(lr_quality_trend(q)));
	return out;
}

/* What was measured of the path `p` of `reach`; nothing was when they are NULL. */
static void put_measured(json_t *out, const struct lr_path *p, const struct lr_reach *reach)
{
	bool timed = p && p->rtt_us;

	lr_json_put_str(out, LR_K_RTT_OF, timed ? "pings" : NULL);
	lr_json_put(out, LR_K_RTT_US, timed ? json_integer(p->rtt_us) : NULL);
	lr_json_put(out, LR_K_JITTER_US, timed ? json_integer(p->jitter_us) : NULL);
	lr_json_put(out, LR_K_LOSS, timed ? json_real(lr_path_loss_permille(p) / 1000.0) : NULL);
	lr_json_put(out, LR_K_MTU, p ? json_integer(lr_path_packet(p)) : NULL);
	lr_json_put(out, LR_K_QUALITY, timed ? quality(&reach->quality) : NULL);
}

json_t *lr_report_path(const struct lr_reach *reach)
{
	const struct lr_paths *s = &reach->paths;
	const struct lr_path *p = s->current < 0 ? NULL : &s->at[s->current];
	json_t *out = json_object();

	lr_json_put_str(out, LR_K_KIND, !p ? "none" : lr_path_direct(p) ? "direct" : "relay");
	lr_report_put_endpoint(out, LR_K_ENDPOINT, p ? &p->route.to : NULL);
	put_measured(out, p, reach);
	return out;
}

bool lr_report_live(const struct lr_wg_peer *peer, uint64_t now)
{
	return peer->stats.last_handshake_unix_ns &&
	       peer->stats.last_handshake_ns + LR_REPORT_LIVE_NS > now;
}

json_t *lr_report_peer_path(const struct lr_wg_peer *live, uint64_t now)
{
	const struct lr_node_peer *own = live ? live->owner : NULL;
	if (own && own->reach)
		return lr_report_path(own->reach);
	json_t *out = json_object();
	bool direct = live && lr_report_live(live, now);
	bool lent = live && live->endpoint.guest;

	lr_json_put_str(out, LR_K_KIND, !direct ? "none" : lent ? "relay" : "direct");
	lr_report_put_endpoint(out, LR_K_ENDPOINT, direct ? &live->endpoint : NULL);
	put_measured(out, NULL, NULL);
	if (direct && live->stats.rtt_ns) {
		lr_json_put_str(out, LR_K_RTT_OF, "handshake");
		lr_json_put_int(out, LR_K_RTT_US, (int64_t)(live->stats.rtt_ns / 1000));
	}
	return out;
}
