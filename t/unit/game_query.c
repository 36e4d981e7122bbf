/*
 * game_query.c - what servers of games say: questions and answers byte by byte
 *
 * The answers of Chocolate Doom, OpenTTD, SuperTuxKart and OpenArena are from captures of the
 * games; the others are put together from the descriptions that query.h names.
 */
#include "lib/game/query.h"

#include "t/unit/tap.h"

#define BYTES(s) (const uint8_t *)(s), sizeof(s) - 1

static struct lr_query q;
static uint8_t out[LR_QUERY_ASK_MAX];

static void start(const char *name)
{
	const struct lr_query_protocol *p = lr_query_protocol(name);

	ok(p != NULL, "%s is known", name);
	lr_query_init(&q, p);
}

static void asks(const uint8_t *want, size_t len, const char *what)
{
	size_t n = lr_query_ask(&q, out);

	ok(n == len && memcmp(out, want, len) == 0, "%s: %zu bytes", what, n);
}

static void says(const char *name, const char *map, int players, int most, const char *version)
{
	const struct lr_query_server *s = &q.server;

	ok(strcmp(s->name, name) == 0 && strcmp(s->map, map) == 0 && s->players == players &&
			s->players_max == most && strcmp(s->version, version) == 0,
		"%s: '%s', '%s', %d/%d, '%s'", q.protocol->name, s->name, s->map, s->players,
		s->players_max, s->version);
}

/* Every beginning of an answer is refused, or (TCP) wants more; none is read behind its end. */
static void cut(const char *name, const uint8_t *bytes, size_t len, unsigned step, size_t least)
{
	unsigned done = 0;

	for (size_t n = 0; n < least; n++) {
		lr_query_init(&q, lr_query_protocol(name));
		q.step = step;
		done += lr_query_take(&q, bytes, n) == LR_QUERY_DONE;
	}
	(void)len;
	is_int(done, 0, "no answer that is cut off counts");
}

static void a2s(void)
{
	static const uint8_t info[] = "\xff\xff\xff\xffI\x11"
				      "A server\0de_dust2\0cstrike\0Counter-Strike\0"
				      "\xf0\0\x03\x10\x02"
				      "dl\x01\x01"
				      "1.0.0.1\0";

	start("a2s");
	asks(BYTES("\xff\xff\xff\xffTSource Engine Query\0"), "A2S_INFO");
	is_int(lr_query_take(&q, BYTES("\xff\xff\xff\xff"
				       "A\x01\x02\x03\x04")),
		LR_QUERY_MORE, "a challenge");
	asks(BYTES("\xff\xff\xff\xffTSource Engine Query\0\x01\x02\x03\x04"), "with it");
	is_int(lr_query_take(&q, info, sizeof(info) - 1), LR_QUERY_DONE, "the answer");
	says("A server", "de_dust2", 3, 16, "1.0.0.1");
	ok(q.server.bots == 2 && q.server.password == 1, "bots and password");
	cut("a2s", info, sizeof(info) - 1, 0, 50);
	start("a2s");
	is_int(lr_query_take(&q, BYTES("\xff\xff\xff\xffm127.0.0.1:27015\0Old\0crossfire\0valve\0"
				       "Half-Life\0\x05\x20\x2f"
				       "dl\0\0")),
		LR_QUERY_DONE, "the old answer");
	says("Old", "crossfire", 5, 32, "");
	for (int i = 0; i < 5; i++)
		lr_query_take(&q, BYTES("\xff\xff\xff\xff"
					"Aabcd"));
	ok(q.step <= 3, "challenges without end are not followed");
}

static void quake(void)
{
	start("quake3");
	asks(BYTES("\xff\xff\xff\xffgetstatus"), "getstatus");
	is_int(lr_query_take(&q, BYTES("\xff\xff\xff\xffstatusResponse\n\\com_protocol\\71\\sv_"
				       "hostname\\LANrageOA"
				       "\\sv_maxclients\\8\\version\\ioq3 "
				       "1.36\\com_gamename\\Quake3Arena\\g_gametype\\0"
				       "\\mapname\\oa_dm1\\gamename\\baseoa\\g_needpass\\0\n0 48 "
				       "\"ann\"\n3 0 \"Sarge\"\n")),
		LR_QUERY_DONE, "OpenArena");
	says("LANrageOA", "oa_dm1", 2, 8, "ioq3 1.36");
	is_str(q.server.game, "baseoa", "which game of that engine");
	is_int(q.server.password, 0, "no password");
	start("quake2");
	asks(BYTES("\xff\xff\xff\xffstatus\n"), "status");
	is_int(lr_query_take(&q, BYTES("\xff\xff\xff\xffprint\n\\mapname\\q2dm1\\hostname\\Q\\"
				       "maxclients\\8\n5 30 \"ann\"\n0 40 \"bob\"\n")),
		LR_QUERY_DONE, "Quake II");
	says("Q", "q2dm1", 2, 8, "");
	start("quakeworld");
	is_int(lr_query_take(&q, BYTES("\xff\xff\xff\xffn\\hostname\\W\\map\\dm3\\maxclients\\4\n"
				       "1 2 3 4 \"x\" \"base\" 0 0\n\0")),
		LR_QUERY_DONE, "QuakeWorld");
	says("W", "dm3", 1, 4, "");
	start("quake3");
	is_int(lr_query_take(&q, BYTES("\xff\xff\xff\xffinfoResponse\n")), LR_QUERY_IGNORED,
		"another answer");
	lr_query_take(&q, BYTES("\xff\xff\xff\xffstatusResponse\n\\hostname\\a\x1b[2Jb\x07"));
	is_str(q.server.name, "a?[2Jb?", "nothing that moves a cursor");
}

static void gamespy(void)
{
	start("gamespy1");
	asks(BYTES("\\info\\"), "GameSpy 1");
	is_int(lr_query_take(
		       &q, BYTES("\\hostname\\UT\\hostport\\7777\\mapname\\DM-Deck\\gametype\\"
				 "DM\\numplayers\\4\\maxplayers\\16\\final\\\\queryid\\1.1")),
		LR_QUERY_DONE, "its answer");
	says("UT", "DM-Deck", 4, 16, "");
	is_int(q.server.game_port, 7777, "where it is played");
	start("gamespy2");
	is_int(lr_query_take(&q, BYTES("\0LRg1hostname\0BF\0mapname\0saigon\0numplayers\0"
				       "7\0maxplayers\0"
				       "32\0\0\0")),
		LR_QUERY_DONE, "GameSpy 2");
	says("BF", "saigon", 7, 32, "");
	is_int(lr_query_take(&q, BYTES("\0XXXXhostname\0BF\0")), LR_QUERY_IGNORED, "another's");
	start("gamespy3");
	asks(BYTES("\xfe\xfd\x09LRg1"), "GameSpy 3");
	is_int(lr_query_take(&q, BYTES("\x09LRg1-2\0")), LR_QUERY_MORE, "a challenge");
	asks(BYTES("\xfe\xfd\x00LRg1\xff\xff\xff\xfe\xff\xff\xff\x01"), "with it");
	is_int(lr_query_take(&q, BYTES("\0LRg1splitnum\0\x80\0hostname\0BF2\0mapname\0karkand\0"
				       "numplayers\0"
				       "1\0maxplayers\0"
				       "64\0\0")),
		LR_QUERY_DONE, "its answer");
	says("BF2", "karkand", 1, 64, "");
	start("unreal-lan");
	asks(BYTES("REPORTQUERY"), "Unreal on a LAN");
	is_int(lr_query_take(&q, BYTES("ut 7778")), LR_QUERY_ELSEWHERE, "it is asked elsewhere");
	ok(q.next_port == 7778 && strcmp(q.next, "gamespy1") == 0, "there");
	start("unreal2");
	asks(BYTES("\x79\0\0\0\0"), "Unreal 2");
	is_int(lr_query_take(&q, BYTES("\x80\0\0\0\0\x01\0\0\0\x01\0\x61\x1e\0\0\x62\x1e\0\0"
				       "\x03"
				       "Us\0\x05"
				       "DM-1\0\x03"
				       "DM\0\x02\0\0\0\x10\0\0\0\0\0\0\0")),
		LR_QUERY_DONE, "its answer");
	says("Us", "DM-1", 2, 16, "");
}

static void minecraft(void)
{
	static const char json[] =
		"{\"version\":{\"name\":\"1.20.1\",\"protocol\":763},\"players\":{\"max\":20,"
		"\"online\":"
		"3},\"description\":{\"text\":\"A \",\"extra\":[{\"text\":\"world\"}]}}";
	uint8_t bytes[300];
	size_t n = sizeof(json) - 1, len = 0;

	start("minecraft");
	asks(BYTES("\x12\0\xff\xff\xff\xff\x0f\x08lan.game\x63\xdd\x01\x01\0"),
		"handshake, status");
	bytes[len++] = (uint8_t)((n + 3) & 0x7f) | 0x80;
	bytes[len++] = (uint8_t)((n + 3) >> 7);
	bytes[len++] = 0;
	bytes[len++] = (uint8_t)(n & 0x7f) | 0x80;
	bytes[len++] = (uint8_t)(n >> 7);
	memcpy(bytes + len, json, n);
	len += n;
	unsigned more = 0;
	for (size_t i = 0; i < len; i++)
		more += lr_query_take(&q, bytes, i) == LR_QUERY_MORE;
	is_int(more, len, "each part wants more");
	is_int(lr_query_take(&q, bytes, len), LR_QUERY_DONE, "the whole");
	says("A world", "", 3, 20, "1.20.1");
	is_int(lr_query_take(&q, BYTES("\xff\xff\xff\xff\xff\xff")), LR_QUERY_IGNORED, "too long");
	is_int(lr_query_take(&q, BYTES("\x03\0\x01{")), LR_QUERY_IGNORED, "no JSON");
	start("bedrock");
	is_int(lr_query_ask(&q, out), 33, "RakNet's ping");
	is_int(lr_query_take(
		       &q, BYTES("\x1c\0\0\0\0\0\0\0\0\1\2\3\4\5\6\7\x08\0\xff\xff\0\xfe\xfe\xfe"
				 "\xfe\xfd"
				 "\xfd\xfd\xfd\x12\x34\x56\x78\0\x40MCPE;Home;622;1.20.40;2;10;123;"
				 "World;Survival;1;19132;19133;")),
		LR_QUERY_DONE, "its pong");
	says("Home", "World", 2, 10, "1.20.40");
}

static void openttd(void)
{
	static const uint8_t info[] = "\x33\0\x06\x06\x00\0\0\0\0\0\x00"
				      "\1\0\0\0\1\0\0\0\x0f\x02\0"
				      "LAN\0"
				      "13.0\0"
				      "\x01\x19\x03\0\x40\0\x80\0\0\x01";

	start("openttd");
	asks(BYTES("\x03\0\0"), "OpenTTD");
	is_int(lr_query_take(&q, BYTES("\x03\0\1")), LR_QUERY_ELSEWHERE, "tells nothing over UDP");
	is_str(q.next, "openttd-tcp", "but over TCP");
	start("openttd-tcp");
	asks(BYTES("\x03\0\7"), "its question");
	uint8_t bytes[sizeof(info)];
	memcpy(bytes, info, sizeof(info));
	bytes[0] = sizeof(info) - 1;
	is_int(lr_query_take(&q, bytes, 20), LR_QUERY_MORE, "a part");
	is_int(lr_query_take(&q, bytes, sizeof(info) - 1), LR_QUERY_DONE, "the whole");
	says("LAN", "64x128", 3, 25, "13.0");
	is_int(q.server.password, 1, "a password");
	bytes[3] = 9;
	is_int(lr_query_take(&q, bytes, sizeof(info) - 1), LR_QUERY_IGNORED, "a newer version");
}

static void others(void)
{
	start("doom");
	asks(BYTES("\0\x0d"), "Chocolate Doom");
	is_int(lr_query_take(&q, BYTES("\0\x0e"
				       "Chocolate Doom 3.0.0\0\0\0\x08\x04\0Unnamed server\0\0\1")),
		LR_QUERY_DONE, "its answer");
	says("Unnamed server", "", 0, 8, "Chocolate Doom 3.0.0");
	start("stk");
	is_int(lr_query_take(&q, BYTES("\0\0\0\x06\nLANrageSTK\x04\0\n\xc7\0\x03\0\0\0")),
		LR_QUERY_DONE, "SuperTuxKart");
	says("LANrageSTK", "", 0, 4, "");
	is_int(q.server.game_port, 2759, "where it is played");
	start("luanti");
	asks(BYTES("\x4f\x45\x74\x03\0\0\0\1"), "Luanti");
	is_int(lr_query_take(&q, BYTES("\x4f\x45\x74\x03\0\1\0\3\xff\xdc\0\1\0\2")), LR_QUERY_DONE,
		"a greeting");
	start("teeworlds");
	asks(BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xffgie3\x4c"), "Teeworlds 0.6");
	is_int(lr_query_take(&q, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xffinf3"
				       "76\0"
				       "0.6.4\0Tee\0dm1\0DM\0"
				       "1\0"
				       "2\0"
				       "8\0"
				       "3\0"
				       "16\0")),
		LR_QUERY_DONE, "its answer");
	says("Tee", "dm1", 3, 16, "0.6.4");
	start("teeworlds7");
	is_int(lr_query_ask(&q, out), 519, "Teeworlds 0.7 asks for a token");
	is_int(lr_query_take(&q, BYTES("\x04\0\0LRgs\x05"
				       "abcd")),
		LR_QUERY_MORE, "and gets it");
	asks(BYTES("\x21"
		   "abcdLRgs\xff\xff\xff\xffgie3\x0c"),
		"with it");
	is_int(lr_query_take(
		       &q, BYTES("\x21LRgsabcd\xff\xff\xff\xffinf3\x0c"
				 "0.7.5\0Seven\0host\0ctf1\0CTF\0\x01\0\x02\x08\x03\x80\x01")),
		LR_QUERY_DONE, "its answer");
	says("Seven", "ctf1", 3, 64, "0.7.5");
}

int main(void)
{
	a2s();
	quake();
	gamespy();
	minecraft();
	openttd();
	others();
	for (const struct lr_query_protocol *p = lr_query_protocols; p->name; p++) {
		lr_query_init(&q, p);
		ok(lr_query_ask(&q, out) <= sizeof(out), "%s: a question", p->name);
		ok(lr_query_take(&q, BYTES("\x7f")) != LR_QUERY_DONE, "%s: rubbish", p->name);
	}
	ok(!lr_query_protocol("x"), "no such protocol");
	return tap_done();
}
