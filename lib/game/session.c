/*
 * session.c - see session.h
 */
#include "lib/game/session.h"

#include <stdlib.h>
#include <string.h>

#include "terms.h"

struct lr_session *lr_session_new(const char *game, uint64_t now, uint64_t unix_ns)
{
	struct lr_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	memcpy(s->game, game, strnlen(game, sizeof(s->game) - 1));
	s->began_ns = now;
	s->began_unix_ns = unix_ns;
	return s;
}

void lr_session_free(struct lr_session *s)
{
	if (s)
		free(s->peers);
	free(s);
}

static struct lr_session_peer *peer_of(struct lr_session *s, const uint8_t key[LR_KEY_LEN])
{
	for (unsigned i = 0; i < s->n; i++)
		if (memcmp(s->peers[i].key, key, LR_KEY_LEN) == 0)
			return &s->peers[i];
	if (s->n == LR_SESSION_PEERS)
		return NULL;
	void *more = realloc(s->peers, (s->n + 1) * sizeof(*s->peers));
	if (!more)
		return NULL;
	s->peers = more;
	struct lr_session_peer *p = &s->peers[s->n++];
	*p = (struct lr_session_peer){.looks = 0};
	memcpy(p->key, key, LR_KEY_LEN);
	return p;
}

static void add(struct lr_session_sum *sum, double value)
{
	if (value < 0)
		return;
	sum->min = sum->n && sum->min < value ? sum->min : value;
	sum->max = sum->n && sum->max > value ? sum->max : value;
	sum->sum += value;
	sum->n++;
}

void lr_session_take(struct lr_session *s, const struct lr_session_look *look)
{
	struct lr_session_peer *p = peer_of(s, look->key);

	if (!p)
		return;
	memcpy(p->who, look->who, sizeof(p->who));
	p->looks++;
	p->pings = look->pings;
	add(&p->rtt_us, look->rtt_us);
	add(&p->jitter_us, look->jitter_us);
	add(&p->loss, look->loss);
	add(&p->score, look->score);
}

void lr_session_end(struct lr_session *s, uint64_t now, uint64_t unix_ns)
{
	s->ended_ns = now;
	s->ended_unix_ns = unix_ns;
}

uint64_t lr_session_ns(const struct lr_session *s, uint64_t now)
{
	return (s->ended_ns ? s->ended_ns : now) - s->began_ns;
}

/* --- as JSON --- */

static void put_mean(json_t *o, const char *key, const struct lr_session_sum *sum)
{
	lr_json_put(o, key, sum->n ? json_real(sum->sum / sum->n) : NULL);
}

static json_t *peer_json(const struct lr_session_peer *p)
{
	char key[LR_KEY_TEXT];
	json_t *o = json_object();

	lr_json_put_str(o, LR_K_PEER, p->who);
	lr_json_put_str(o, LR_K_PUBLIC_KEY, lr_key_text(p->key, key));
	lr_json_put_int(o, LR_K_LOOKS, p->looks);
	lr_json_put_str(o, LR_K_RTT_OF, p->rtt_us.n == 0 ? NULL : p->pings ? "pings" : "handshake");
	put_mean(o, LR_K_RTT_US, &p->rtt_us);
	lr_json_put(o, LR_K_RTT_MAX_US, p->rtt_us.n ? json_real(p->rtt_us.max) : NULL);
	put_mean(o, LR_K_JITTER_US, &p->jitter_us);
	put_mean(o, LR_K_LOSS, &p->loss);
	lr_json_put(o, LR_K_SCORE,
		p->score.n ? json_integer((json_int_t)(p->score.sum / p->score.n + 0.5)) : NULL);
	lr_json_put(o, LR_K_SCORE_MIN,
		p->score.n ? json_integer((json_int_t)(p->score.min + 0.5)) : NULL);
	return o;
}

static void put_time(json_t *o, const char *key, uint64_t unix_ns)
{
	char text[32];

	if (unix_ns)
		lr_rfc3339(unix_ns, text);
	lr_json_put_str(o, key, unix_ns ? text : NULL);
}

json_t *lr_session_json(const struct lr_session *s, uint64_t now)
{
	json_t *o = json_object(), *peers = json_array();

	for (unsigned i = 0; i < s->n; i++)
		json_array_append_new(peers, peer_json(&s->peers[i]));
	lr_json_put_str(o, LR_K_GAME, s->game);
	put_time(o, LR_K_BEGAN, s->began_unix_ns);
	put_time(o, LR_K_ENDED, s->ended_unix_ns);
	lr_json_put_real(o, LR_K_DURATION_S, (double)(lr_session_ns(s, now) / LR_NS_PER_MS) / 1e3);
	lr_json_put(o, LR_K_PEERS, peers);
	return o;
}

/* --- for people --- */

void lr_session_print(FILE *out, const json_t *peers)
{
	const json_t *p;
	size_t i;

	json_array_foreach (peers, i, p) {
		const json_t *rtt = json_object_get(p, LR_K_RTT_US);
		const json_t *score = json_object_get(p, LR_K_SCORE);
		fprintf(out, "  %s: ", json_string_value(json_object_get(p, LR_K_PEER)));
		if (json_is_integer(score))
			fprintf(out,
				"%d of 100 (lowest %d); round trip %.1f ms (at most %.1f), jitter "
				"%.1f ms, loss %.1f %%\n",
				(int)json_integer_value(score),
				(int)json_integer_value(json_object_get(p, LR_K_SCORE_MIN)),
				json_real_value(rtt) / 1e3,
				json_real_value(json_object_get(p, LR_K_RTT_MAX_US)) / 1e3,
				json_real_value(json_object_get(p, LR_K_JITTER_US)) / 1e3,
				json_real_value(json_object_get(p, LR_K_LOSS)) * 100);
		else if (json_is_real(rtt))
			fprintf(out, "round trip %.1f ms, of handshakes\n",
				json_real_value(rtt) / 1e3);
		else
			fprintf(out, "not measured\n");
	}
}
