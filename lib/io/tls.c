/*
 * tls.c - see tls.h; the only file that sees libssl, SSL_read(3) on non-blocking sockets
 *
 * SSL_write(3) that could not send a whole record wants to be called again with the same bytes:
 * they are left in the pair until it has, and `record` says how many they are.
 */
#include "lib/io/tls.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/timer.h"
#include "lib/nat/limit.h"

enum {
	RECORD = SSL3_RT_MAX_PLAIN_LENGTH,
	PAIR_BYTES = 16384, /* of each end; the kernel doubles it, for its own part */
	STEPS = 4,          /* records of one connection, one wake-up */
};

struct conn {
	struct lr_timer timer; /* first; armed in a handshake, and while ending */
	struct lr_tls *tls;
	struct conn *next, **prev;
	struct lr_source net, pair; /* fd -1: not there */
	uint32_t net_events, pair_events;
	SSL *ssl;
	struct lr_http_network *network;
	struct lr_endpoint peer;
	socklen_t peer_len;
	size_t record;  /* bytes of the pair that SSL_write() has begun with; 0: none */
	bool full;      /* the pair takes no more for now */
	bool told;      /* the client has said its last */
	bool pair_over; /* all that will come from the plain end lies in the pair */
};

struct lr_tls {
	struct lr_loop *loop;
	struct lr_http_door *door;
	struct lr_tls_hooks hooks;
	SSL_CTX *ctx;
	struct lr_limit limit;
	struct lr_timers timers;
	struct conn *first;
	size_t n;
	struct lr_tls_stats stats;
	uint8_t bytes[RECORD];
};

/* ------------------------------------------------------------------ descriptors */

static void drop(struct lr_loop *loop, struct lr_source *s, uint32_t *events)
{
	if (s->fd < 0)
		return;
	if (*events)
		lr_loop_remove(loop, s);
	*events = 0;
	close(s->fd);
	s->fd = -1;
}

/* No events: taken out, as one that hung up would be told again and again. */
static void want(struct lr_loop *loop, struct lr_source *s, uint32_t *had, uint32_t events)
{
	if (s->fd < 0 || *had == events)
		return;
	if (!events)
		lr_loop_remove(loop, s);
	else if (!*had && lr_loop_add(loop, s, events) < 0)
		return;
	else if (*had)
		lr_loop_change(loop, s, events);
	*had = events;
}

/* ------------------------------------------------------------------ the end */

static void conn_free(struct conn *c)
{
	struct lr_tls *t = c->tls;
	t->stats.failed += c->net.fd >= 0 && c->pair.fd < 0;
	drop(t->loop, &c->net, &c->net_events);
	drop(t->loop, &c->pair, &c->pair_events);
	SSL_free(c->ssl);
	lr_timer_remove(&t->timers, &c->timer);
	lr_http_door_left(t->door, c->network);
	*c->prev = c->next;
	if (c->next)
		c->next->prev = c->prev;
	t->n--;
	free(c);
}

/* At most LR_TLS_TIMED are in a hurry: the one that has been for longest goes. */
static void hurry(struct conn *c)
{
	struct lr_tls *t = c->tls;
	lr_timer_set(&t->timers, &c->timer, t->loop->now + LR_TLS_TIME_S * LR_NS_PER_S);
	if (t->timers.n > LR_TLS_TIMED)
		conn_free((struct conn *)t->timers.heap[0]);
}

/* The network has ended, the plain end has not yet. */
static void lose(struct conn *c)
{
	drop(c->tls->loop, &c->net, &c->net_events);
	SSL_free(c->ssl);
	c->ssl = NULL;
	shutdown(c->pair.fd, SHUT_WR);
}

/* ------------------------------------------------------------------ carrying */

enum outcome {
	MOVED,
	WAIT, /* for the network, or the pair: as SSL_get_error() and the flags say */
	OVER, /* the plain end has ended, and all is sent */
	LOST,
};

/* What a call that brought nothing means; it leaves its wishes in *events. */
static enum outcome outcome_of(struct conn *c, int r, uint32_t *events)
{
	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		*events |= EPOLLIN;
		return WAIT;
	case SSL_ERROR_WANT_WRITE:
		*events |= EPOLLOUT;
		return WAIT;
	case SSL_ERROR_ZERO_RETURN:
		c->told = true;
		shutdown(c->pair.fd, SHUT_WR);
		return WAIT;
	default:
		return LOST;
	}
}

/* From the network: one record, or what the pair takes of it. */
static enum outcome inward(struct conn *c, uint32_t *events)
{
	struct lr_tls *t = c->tls;
	if (c->full || c->told)
		return WAIT;
	ERR_clear_error();
	int n = SSL_peek(c->ssl, t->bytes, RECORD);
	if (n <= 0)
		return outcome_of(c, n, events);
	ssize_t sent = send(c->pair.fd, t->bytes, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		c->told = true; /* nobody reads there any more; what it sent still counts */
	else
		c->full = sent < n;
	if (sent > 0)
		SSL_read(c->ssl, t->bytes, (int)sent);
	return c->full || c->told ? WAIT : MOVED;
}

static void consume(struct conn *c, size_t n)
{
	while (n) {
		ssize_t had = recv(c->pair.fd, c->tls->bytes, n, MSG_DONTWAIT);
		if (had <= 0)
			return;
		n -= (size_t)had;
	}
}

/* To the network: one record. */
static enum outcome outward(struct conn *c, uint32_t *events)
{
	struct lr_tls *t = c->tls;
	size_t most = c->record ? c->record : RECORD;
	ssize_t n = recv(c->pair.fd, t->bytes, most, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return WAIT;
	if (n <= 0)
		return OVER;
	ERR_clear_error();
	int sent = SSL_write(c->ssl, t->bytes, (int)n);
	c->record = sent > 0 ? 0 : (size_t)n;
	if (sent <= 0)
		return outcome_of(c, sent, events);
	consume(c, (size_t)sent);
	return MOVED;
}

/* What the plain end still says to nobody. */
static void discard(struct conn *c)
{
	struct lr_tls *t = c->tls;
	ssize_t n = 0;
	for (int i = 0; i < STEPS; i++) {
		n = recv(c->pair.fd, t->bytes, RECORD, MSG_DONTWAIT);
		if (n <= 0)
			break;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		n = 1;
	if (n <= 0)
		conn_free(c);
	else
		want(t->loop, &c->pair, &c->pair_events, EPOLLIN);
}

/* EPOLLERR is told in any case: with it alone a side is watched, but not read. */
static void set_events(struct conn *c, uint32_t net)
{
	uint32_t pair = EPOLLERR;
	net = EPOLLERR | (net & EPOLLOUT);
	if (!c->full && !c->told)
		net |= EPOLLIN;
	if (!c->record)
		pair |= EPOLLIN;
	if (c->full)
		pair |= EPOLLOUT;
	want(c->tls->loop, &c->net, &c->net_events, net);
	want(c->tls->loop, &c->pair, &c->pair_events, c->record && c->pair_over ? 0 : pair);
}

static void carry(struct conn *c)
{
	uint32_t net = 0;
	enum outcome in = MOVED, out = MOVED;
	for (int i = 0; i < STEPS && (in == MOVED || out == MOVED); i++) {
		net = 0;
		in = inward(c, &net);
		out = in == LOST ? LOST : outward(c, &net);
		if (out == OVER || out == LOST)
			break;
	}
	if (out == OVER) {
		SSL_shutdown(c->ssl);
		conn_free(c);
	} else if (out == LOST) {
		lose(c);
		discard(c);
	} else {
		set_events(c, net);
	}
}

static void pair_ready(struct lr_source *s, uint32_t events)
{
	struct conn *c = s->ctx;
	if (events & EPOLLOUT)
		c->full = false;
	if (events & (EPOLLHUP | EPOLLERR) && c->ssl && !c->pair_over) {
		c->pair_over = c->told = true;
		c->full = false;
		hurry(c); /* never frees the youngest, which it is */
	}
	if (c->ssl)
		carry(c);
	else
		discard(c);
}

static void carry_ready(struct lr_source *s, uint32_t events)
{
	struct conn *c = s->ctx;
	if (events & EPOLLERR || (events & EPOLLHUP && !(events & EPOLLIN))) {
		lose(c);
		discard(c);
	} else {
		carry(c);
	}
}

/* ------------------------------------------------------------------ the handshake */

static bool open_pair(struct conn *c)
{
	struct lr_tls *t = c->tls;
	int ends[2], room = PAIR_BYTES;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return false;
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	c->pair = (struct lr_source){.fd = ends[0], .ready = pair_ready, .ctx = c};
	c->net.ready = carry_ready;
	lr_timer_remove(&t->timers, &c->timer);
	t->stats.shaken++;
	t->hooks.take(t->hooks.ctx, ends[1], &c->peer, c->peer_len);
	return true;
}

static void shake(struct lr_source *s, uint32_t events)
{
	struct conn *c = s->ctx;
	uint32_t net = 0;
	(void)events;
	ERR_clear_error();
	int r = SSL_do_handshake(c->ssl);
	if (r == 1 && open_pair(c))
		carry(c);
	else if (r == 1 || outcome_of(c, r, &net) != WAIT || !net)
		conn_free(c);
	else
		want(c->tls->loop, &c->net, &c->net_events, net);
}

static struct conn *conn_new(struct lr_tls *t, int fd, const struct lr_endpoint *peer)
{
	const int lowat = LR_TLS_LOWAT;
	struct conn *c =
		lr_timers_reserve(&t->timers, t->n + 1) == 0 ? calloc(1, sizeof(*c)) : NULL;
	SSL *ssl = c ? SSL_new(t->ctx) : NULL;
	if (!ssl || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		free(c);
		return NULL;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
	SSL_set_accept_state(ssl);
	*c = (struct conn){.tls = t,
		.ssl = ssl,
		.net = {.fd = fd, .ready = shake, .ctx = c},
		.pair = {.fd = -1},
		.peer = *peer,
		.next = t->first,
		.prev = &t->first};
	if (c->next)
		c->next->prev = &c->next;
	t->first = c;
	t->n++;
	c->network = lr_http_door_entered(t->door, peer);
	return c;
}

void lr_tls_take(struct lr_tls *t, int fd, const struct lr_endpoint *peer, socklen_t len)
{
	struct lr_ip ip = lr_endpoint_ip(peer);
	bool allowed = lr_limit_allow(&t->limit, t->loop->now, &ip);
	struct conn *c = allowed ? conn_new(t, fd, peer) : NULL;
	t->stats.refused += !allowed;
	if (!c) {
		close(fd);
		return;
	}
	c->peer_len = len;
	hurry(c);
	/* Not at once: a crowd that comes together is served in turn with all else. */
	want(t->loop, &c->net, &c->net_events, EPOLLIN);
}

/* ------------------------------------------------------------------ beginning and end */

/* A key that needs a password is none for us: nobody is asked. */
static int no_password(char *out, int room, int writing, void *ctx)
{
	(void)out;
	(void)room;
	(void)writing;
	(void)ctx;
	return -1;
}

static bool use_chain(SSL_CTX *ctx, const char *cert)
{
	BIO *in = BIO_new_mem_buf(cert, -1);
	X509 *x = in ? PEM_read_bio_X509_AUX(in, NULL, no_password, NULL) : NULL;
	bool good = x && SSL_CTX_use_certificate(ctx, x) == 1;
	X509_free(x);
	while (good && (x = PEM_read_bio_X509(in, NULL, no_password, NULL))) {
		good = SSL_CTX_add0_chain_cert(ctx, x) == 1;
		if (!good)
			X509_free(x);
	}
	BIO_free(in);
	return good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static bool use_key(SSL_CTX *ctx, const char *key)
{
	BIO *in = BIO_new_mem_buf(key, -1);
	EVP_PKEY *k = in ? PEM_read_bio_PrivateKey(in, NULL, no_password, NULL) : NULL;
	bool good = k && SSL_CTX_use_PrivateKey(ctx, k) == 1 && SSL_CTX_check_private_key(ctx) == 1;
	EVP_PKEY_free(k);
	BIO_free(in);
	return good;
}

/* RFC 7301: of what the client offers, HTTP/1.1; a client that offers only others is told no. */
static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *in, unsigned in_len, void *ctx)
{
	static const unsigned char ours[] = "\x08http/1.1";
	(void)ssl;
	(void)ctx;
	return SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len, ours,
		       sizeof(ours) - 1, in, in_len) == OPENSSL_NPN_NEGOTIATED
		       ? SSL_TLSEXT_ERR_OK
		       : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static SSL_CTX *new_context(const char *cert, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, choose, NULL);
	if (use_chain(ctx, cert) && use_key(ctx, key))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

struct lr_tls *lr_tls_new(struct lr_loop *loop, struct lr_http_door *door, const char *cert,
	const char *key, const struct lr_tls_hooks *hooks, struct lr_err *err)
{
	struct lr_tls *t = calloc(1, sizeof(*t));
	if (!t) {
		lr_err_set(err, LR_EXIT_FAILED, "out of memory");
		return NULL;
	}
	t->loop = loop;
	t->door = door;
	t->hooks = *hooks;
	lr_limit_init(&t->limit, LR_TLS_SHAKES, LR_TLS_SHAKES_ALL);
	t->ctx = new_context(cert, key);
	ERR_clear_error();
	if (t->ctx)
		return t;
	lr_err_set(
		err, LR_EXIT_USAGE, "certificate and key: not PEM, or they do not belong together");
	lr_tls_free(t);
	return NULL;
}

void lr_tls_free(struct lr_tls *t)
{
	if (!t)
		return;
	for (struct conn *c = t->first, *next; c; c = next) {
		next = c->next;
		if (c->ssl && c->pair.fd >= 0)
			carry(c);
	}
	while (t->first)
		conn_free(t->first);
	lr_timers_release(&t->timers);
	lr_limit_release(&t->limit);
	SSL_CTX_free(t->ctx);
	free(t);
}

void lr_tls_tick(struct lr_tls *t, uint64_t now)
{
	for (struct lr_timer *due; (due = lr_timers_pop(&t->timers, now));)
		conn_free((struct conn *)due);
}

uint64_t lr_tls_due(struct lr_tls *t)
{
	return lr_timers_next(&t->timers);
}

void lr_tls_stats(const struct lr_tls *t, struct lr_tls_stats *out)
{
	*out = t->stats;
}
