/*
 * party_events.c - what happens in a party, told to those who watch (share/schema/event.json)
 *
 * Each is told once, when it has taken effect here. A relay is connected when it has answered us
 * and nothing has failed since; one whose channel we had is lost as soon as two requests for it in
 * a row stay unanswered, since over HTTP an idle member would notice only minutes later.
 */
#include <string.h>

#include "lib/node/party_inside.h"
#include "lib/party/list.h"

#define SILENT_ASKS 2

void lr_party_tell(struct lr_party *p, enum lr_node_event_kind kind, const struct lr_member *m)
{
	const struct lr_party_member *k = m->owner;

	lr_node_tell_event(p->node, &(struct lr_node_event){.kind = kind,
					    .peer = k ? k->peer : NULL,
					    .name = m->r.name,
					    .public_key = m->r.public_key});
}

void lr_party_tell_name(struct lr_party_member *k, const char *before)
{
	const struct lr_node_event event = {
		.kind = LR_NODE_EVENT_RENAMED, .peer = k->peer, .from = before, .to = k->m->r.name};

	lr_node_tell_event(k->party->node, &event);
}

void lr_party_tell_address(struct lr_party *p, const struct lr_wg_peer *peer,
	const struct lr_ip *before, const struct lr_ip *now)
{
	char from[LR_ADDR_TEXT], to[LR_ADDR_TEXT];
	const struct lr_node_event event = {.kind = LR_NODE_EVENT_ADDRESS,
		.peer = (struct lr_wg_peer *)peer,
		.from = lr_ip_text(before, from),
		.to = lr_ip_text(now, to)};

	lr_node_tell_event(p->node, &event);
}

static const char *kind_name(const struct lr_endpoint *to)
{
	return to->sa.sa_family == AF_UNSPEC ? "none" : to->channel ? "relay" : "direct";
}

void lr_party_tell_path(struct lr_party_member *k, const struct lr_endpoint *before)
{
	char text[LR_EXPLAIN_TEXT], key[LR_KEY_TEXT];
	const struct lr_node_peer *own = k->peer->owner;
	const char *name = own->name[0] ? own->name : lr_key_text(k->peer->public_key, key);
	struct lr_explain e;

	if (!k->party->node->listeners)
		return;
	lr_party_why(k, &e);
	const struct lr_node_event event = {.kind = LR_NODE_EVENT_PATH,
		.peer = k->peer,
		.from = kind_name(before),
		.to = kind_name(&k->peer->endpoint),
		.reason = lr_reason_name(e.reason),
		.text = lr_explain_text(&e, name, text)};
	lr_node_tell_event(k->party->node, &event);
}

void lr_party_tell_quality(const struct lr_reach *reach, enum lr_grade before)
{
	const struct lr_party_member *k = reach->owner;
	const struct lr_path *p = lr_reach_current((struct lr_reach *)reach);
	char text[120];

	snprintf(text, sizeof(text), "%u of 100: round trip %.1f ms, jitter %.1f ms, loss %.1f %%",
		lr_quality_now(&reach->quality), p->rtt_us / 1e3, p->jitter_us / 1e3,
		lr_path_loss_permille(p) / 10.0);
	const struct lr_node_event event = {.kind = LR_NODE_EVENT_QUALITY,
		.peer = k->peer,
		.from = lr_grade_name(before),
		.to = lr_grade_name(reach->quality.grade),
		.text = text};
	lr_node_tell_event(k->party->node, &event);
}

void lr_party_tell_claim(struct lr_party *p, const struct lr_claim *claim)
{
	const struct lr_node_event event = {
		.kind = LR_NODE_EVENT_INVITE_CLAIMED, .from = claim->who, .uses = claim->left};

	lr_node_tell_event(p->node, &event);
}

void lr_party_tell_out(struct lr_party *p)
{
	lr_node_tell_event(
		p->node, &(struct lr_node_event){.kind = LR_NODE_EVENT_OUT, .text = p->error.text});
}

static bool is_lost(const struct lr_party_relay *r)
{
	return r->failures || (r->was_bound && !lr_channel_bound(r) &&
				      r->bind.ways[LR_WAY_UDP].tries >= SILENT_ASKS);
}

void lr_party_tell_relays(struct lr_party *p)
{
	for (unsigned i = 0; i < p->n_relays; i++) {
		struct lr_party_relay *r = &p->relays[i];
		r->was_bound |= lr_channel_bound(r);
		bool there = r->answered && !is_lost(r);
		bool lost = (r->told || !r->ever_told) && is_lost(r);
		if (there ? r->told : !lost)
			continue;
		r->told = there;
		r->ever_told = true;
		const struct lr_node_event event = {
			.kind = there ? LR_NODE_EVENT_RELAY_CONNECTED : LR_NODE_EVENT_RELAY_LOST,
			.relay = r->place.text,
			.text = there         ? NULL
				: r->error[0] ? r->error
					      : "the relay does not answer any more"};
		lr_node_tell_event(p->node, &event);
	}
}
