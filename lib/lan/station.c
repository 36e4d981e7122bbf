/*
 * station.c - which MAC is in which house
 *
 * Theory of operation. A bridge keeps, as a switch does, where each MAC was heard: on its own
 * segment, or from the member that bridges another. The first frame announces it; from then on it
 * is that house's, and nobody else's frame with it is heard, until nothing came from it for a
 * while: MOVE_NS, and IDLE_NS before a member takes over what was of our own house. A house has
 * room for LR_LAN_STATIONS; then those that were silent for IDLE_NS go. When a member carries its
 * segment no more, all its MACs are free: who stood by goes on for them. Who stands by has no
 * table.
 *
 * What is in the table of a member is of the party: a frame with that MAC that is heard on our own
 * segment has come back by another way (or its machine has moved). It is not carried; and since
 * that other way leads there as well, for LOOP_NS nothing of that MAC is put on the segment either.
 * So a ring carries each frame once, also where the hellos of bridges do not get through.
 *
 * Source: IEEE 802.1D 7.8, 7.9 (the filtering database, its ageing).
 */
#include "lib/lan/lan_inside.h"

#include <stdlib.h>
#include <string.h>

#define IDLE_NS (5 * 60 * LR_NS_PER_S)
#define MOVE_NS (60 * LR_NS_PER_S)
#define LOOP_NS (3 * LR_NS_PER_S)

struct lr_lan_station *lr_lan_station(const struct lr_lan *lan, const uint8_t *mac)
{
	return lan->bridge ? lr_map_get(&lan->bridge->by_mac, mac) : NULL;
}

bool lr_lan_is_member_mac(const struct lr_lan *lan, const uint8_t *mac)
{
	return memcmp(mac, lan->mac, LR_MAC) == 0 || memcmp(mac, lan->switch_mac, LR_MAC) == 0 ||
	       lr_map_get(&lan->by_mac, mac);
}

static void drop(struct lr_lan_bridge *b, struct lr_lan_station **at)
{
	struct lr_lan_station *gone = *at;

	lr_map_remove(&b->by_mac, gone->mac);
	gone->at->n_stations--;
	*at = gone->next;
	free(gone);
}

/* Makes room for one more of that house. Whether there is. */
static bool make_room(struct lr_lan_bridge *b, uint64_t now, const struct lr_lan_member *at)
{
	struct lr_lan_station **oldest = NULL;

	if (at->n_stations < LR_LAN_STATIONS)
		return true;
	for (struct lr_lan_station **s = &b->stations; *s; s = &(*s)->next)
		if ((*s)->at == at && (!oldest || (*s)->heard_ns < (*oldest)->heard_ns))
			oldest = s;
	if (now - (*oldest)->heard_ns <= IDLE_NS)
		return false;
	drop(b, oldest);
	return true;
}

/* NULL: there is no room, or no memory. */
static struct lr_lan_station *add(
	struct lr_lan_bridge *b, uint64_t now, const uint8_t *mac, struct lr_lan_member *at)
{
	struct lr_lan_station *s = make_room(b, now, at) ? calloc(1, sizeof(*s)) : NULL;

	if (!s || lr_map_put(&b->by_mac, mac, s) < 0) {
		free(s);
		return NULL;
	}
	memcpy(s->mac, mac, LR_MAC);
	s->at = at;
	s->next = b->stations;
	b->stations = s;
	at->n_stations++;
	return s;
}

/* It is another house's from now on. */
static void move(struct lr_lan_station *s, struct lr_lan_member *at)
{
	s->at->n_stations--;
	s->at = at;
	s->loop_ns = 0;
	at->n_stations++;
}

enum lr_lan_drop lr_lan_station_speaks(
	struct lr_lan *lan, uint64_t now, const uint8_t *mac, struct lr_lan_member *at)
{
	struct lr_lan_bridge *b = lan->bridge;
	struct lr_lan_station *s = lr_lan_station(lan, mac);
	bool house = at == &b->port;

	if (s && s->at != at && now - s->heard_ns < (house ? MOVE_NS : IDLE_NS)) {
		if (!house)
			return LR_LAN_DROP_FOREIGN_MAC;
		s->loop_ns = now + LOOP_NS;
		return LR_LAN_DROP_LOOP;
	}
	if (s && now < s->loop_ns && !house)
		return LR_LAN_DROP_LOOP;
	if (s && s->at != at && !make_room(b, now, at))
		return LR_LAN_DROP_MACS;
	if (s && s->at != at)
		move(s, at);
	if (!s && !(s = add(b, now, mac, at)))
		return LR_LAN_DROP_MACS;
	s->heard_ns = now;
	return LR_LAN_DROP_NONE;
}

void lr_lan_stations_clear(struct lr_lan_bridge *b)
{
	while (b->stations)
		drop(b, &b->stations);
}

void lr_lan_stations_forget(struct lr_lan *lan, const struct lr_lan_member *at)
{
	if (!lan->bridge || !at->n_stations)
		return;
	for (struct lr_lan_station **s = &lan->bridge->stations; *s;)
		if ((*s)->at == at)
			drop(lan->bridge, s);
		else
			s = &(*s)->next;
}
