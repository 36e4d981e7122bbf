/*
 * crypto_keytext.c - keys as base64 and hex, strictly
 */
#include <errno.h>

#include "lib/crypto/crypto.h"
#include "t/unit/crypto_hex.h"

/* 32 bytes and what base64(1) makes of them. */
#define KEY_HEX "00fb2edfa2c7f3b4a8c1d07e4bb5e1a29cfe3f10ffee0123456789abcdef7f80"
#define KEY_B64 "APsu36LH87SowdB+S7Xhopz+PxD/7gEjRWeJq83vf4A="

static void base64(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"", "empty"},
		{"APsu36LH87SowdB+S7Xhopz+PxD/7gEjRWeJq83vf4A", "no padding"},
		{"APsu36LH87SowdB+S7Xhopz+PxD/7gEjRWeJq83vf4==", "two of them"},
		{"APsu36LH87SowdB+S7Xhopz+PxD/7gEjRWeJq83vf4A=\n", "a newline behind"},
		{"APsu36LH87SowdB+S7Xhopz+PxD/7gEjRWeJq83vf4A==", "one more"},
		{"APsu36LH87SowdB+S7Xhopz+PxD/7gEjRWeJq83vf4B=", "bits behind the key"},
		{"APsu36LH87SowdB-S7Xhopz+PxD_7gEjRWeJq83vf4A=", "the URL alphabet"},
		{"APsu36LH87SowdB+S7Xh pz+PxD/7gEjRWeJq83vf4A=", "a space"},
		{"APsu36LH87SowdB+S7Xh\x80pz+PxD/7gEjRWeJq83vf4A=", "a byte over 127"},
		{"=Psu36LH87SowdB+S7Xhopz+PxD/7gEjRWeJq83vf4A=", "padding in front"},
	};
	uint8_t key[32], before[32];
	char text[LR_KEY_TEXT];

	is_int(lr_key_parse(KEY_B64, key), 0, "base64 is read");
	is_hex(key, KEY_HEX, "right");
	is_str(lr_key_text(key, text), KEY_B64, "and written");
	memcpy(before, key, sizeof(key));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(lr_key_parse(bad[i].text, key), -EINVAL, bad[i].why);
	is_mem(key, before, 32, "what is refused changes nothing");
}

static void hex(void)
{
	uint8_t key[32];
	char text[65];

	is_int(lr_key_parse_hex(KEY_HEX, key), 0, "hex is read");
	is_str(lr_key_hex(key, text), KEY_HEX, "and written");
	is_int(lr_key_parse_hex(
		       "00FB2EDFA2C7F3B4A8C1D07E4BB5E1A29CFE3F10FFEE0123456789ABCDEF7F80", key),
		0, "capitals too");
	is_str(lr_key_hex(key, text), KEY_HEX, "the same");
	is_int(lr_key_parse_hex("00", key), -EINVAL, "too short");
	is_int(lr_key_parse_hex(KEY_HEX "0", key), -EINVAL, "too long");
	is_int(lr_key_parse_hex(
		       "0gfb2edfa2c7f3b4a8c1d07e4bb5e1a29cfe3f10ffee0123456789abcdef7f8", key),
		-EINVAL, "63 digits and a g");
	is_int(lr_key_parse_hex(
		       "g0fb2edfa2c7f3b4a8c1d07e4bb5e1a29cfe3f10ffee0123456789abcdef7f80", key),
		-EINVAL, "no digit");
}

static void all(void)
{
	unsigned bad = 0;

	for (int i = 0; i < 2000; i++) {
		uint8_t key[32], back[32];
		char text[LR_KEY_TEXT], digits[65];
		lr_random(key, sizeof(key));
		bad += lr_key_parse(lr_key_text(key, text), back) || memcmp(key, back, 32);
		bad += lr_key_parse_hex(lr_key_hex(key, digits), back) || memcmp(key, back, 32);
	}
	is_int(bad, 0, "2,000 random keys come back from both texts");
}

int main(void)
{
	lr_crypto_init();
	base64();
	hex();
	all();
	return tap_done();
}
