/*
 * config_write.c - a configuration as the text of a wg-quick file
 *
 * Reading the text again gives an equal value. Long lists of prefixes are divided over lines,
 * so that no line comes near the reader's limit.
 */
#include <stdlib.h>

#include "lib/wg/config.h"
#include "lib/wg/config_buf.h"

#define PREFIXES_A_LINE 32

static void put_key(struct lr_config_buf *b, const char *field, const uint8_t key[LR_KEY_LEN])
{
	char text[LR_KEY_TEXT];

	lr_config_buf_printf(b, "%s = %s\n", field, lr_key_text(key, text));
	lr_wipe(text, sizeof(text));
}

static void put_prefixes(
	struct lr_config_buf *b, const char *field, const struct lr_prefix *list, size_t n)
{
	char text[LR_ADDR_TEXT];

	for (size_t i = 0; i < n; i++) {
		if (i % PREFIXES_A_LINE == 0)
			lr_config_buf_printf(b, "%s%s = ", i ? "\n" : "", field);
		lr_config_buf_printf(
			b, "%s%s", i % PREFIXES_A_LINE ? ", " : "", lr_prefix_text(&list[i], text));
	}
	if (n)
		lr_config_buf_put(b, "\n");
}

static void put_interface(struct lr_config_buf *b, const struct lr_config *c, bool with_key)
{
	lr_config_buf_put(b, "[Interface]\n");
	if (c->name[0])
		lr_config_buf_printf(b, "# Name = %s\n", c->name);
	if (c->has_key && with_key)
		put_key(b, "PrivateKey", c->private_key);
	if (c->listen_port)
		lr_config_buf_printf(b, "ListenPort = %u\n", c->listen_port);
	if (c->fwmark)
		lr_config_buf_printf(b, "FwMark = 0x%x\n", c->fwmark);
	if (c->mtu)
		lr_config_buf_printf(b, "MTU = %u\n", c->mtu);
	if (c->table == LR_TABLE_OFF)
		lr_config_buf_put(b, "Table = off\n");
	put_prefixes(b, "Address", c->addresses, c->n_addresses);
}

static void put_peer(struct lr_config_buf *b, const struct lr_config_peer *p)
{
	char text[LR_ENDPOINT_TEXT];

	lr_config_buf_put(b, "\n[Peer]\n");
	if (p->name[0])
		lr_config_buf_printf(b, "# Name = %s\n", p->name);
	put_key(b, "PublicKey", p->public_key);
	if (p->has_psk)
		put_key(b, "PresharedKey", p->preshared_key);
	if (p->endpoint.sa.sa_family != AF_UNSPEC)
		lr_config_buf_printf(b, "Endpoint = %s\n", lr_endpoint_text(&p->endpoint, text));
	if (p->keepalive_s)
		lr_config_buf_printf(b, "PersistentKeepalive = %u\n", p->keepalive_s);
	put_prefixes(b, "AllowedIPs", p->allowed, p->n_allowed);
}

char *lr_config_text(const struct lr_config *c, bool with_key)
{
	struct lr_config_buf b = {0};

	put_interface(&b, c, with_key);
	for (size_t i = 0; i < c->n_peers; i++)
		put_peer(&b, &c->peers[i]);
	return lr_config_buf_take(&b, NULL);
}
