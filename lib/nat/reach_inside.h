/*
 * reach_inside.h - what reach.c and reach_run.c share
 */
#ifndef LR_NAT_REACH_INSIDE_H
#define LR_NAT_REACH_INSIDE_H

#include "lib/nat/reach.h"

/* Purposes of pings. */
enum { LR_REACH_MEASURE, LR_REACH_SIZE, LR_REACH_OPENING };

void lr_reach_send(struct lr_reach *r, const struct lr_clocks *clocks, const struct lr_route *route,
	const struct lr_probe *probe);
/* Chooses the path; tells the node when it, or its largest datagram, is another one. */
void lr_reach_choose(struct lr_reach *r, uint64_t now);
/* The path over `route`, new or known, another one giving way if need be. NULL: no room. */
struct lr_path *lr_reach_add_path(struct lr_reach *r, uint64_t now, const struct lr_route *route,
	enum lr_candidate_kind kind, enum lr_path_found found);
/* A direct address answered for the first time: a path. NULL when there is no room. */
struct lr_path *lr_reach_found(struct lr_reach *r, uint64_t now, const struct lr_route *route);
void lr_reach_drop_path(struct lr_reach *r, struct lr_path *p);
/* Closes a socket that punching opened and that is counted in the budget; 0: nothing. */
void lr_reach_close(struct lr_reach *r, uint16_t socket);

#endif
