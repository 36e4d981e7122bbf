/*
 * game_detect.c - which games run, on process tables that the test makes
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/game/detect.h"
#include "t/unit/tap.h"

static char root[] = "/tmp/lr-proc-XXXXXX";
static struct lr_games all;

static void put(const char *path, const char *bytes, size_t len)
{
	char full[300];
	snprintf(full, sizeof(full), "%s/%s", root, path);
	FILE *f = fopen(full, "w");
	fwrite(bytes, 1, len, f);
	fclose(f);
}

static void dir(const char *path)
{
	char full[300];
	snprintf(full, sizeof(full), "%s/%s", root, path);
	mkdir(full, 0755);
}

/* Words end with ';' in `words`. `inode`: of a socket that it has open; 0: none. */
static void process(int pid, const char *words, const char *exe, unsigned inode)
{
	char path[100], bytes[500], link[300], target[100];
	size_t n = strlen(words);

	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(words[i] == ';' ? 0 : words[i]);
	snprintf(path, sizeof(path), "%d", pid);
	dir(path);
	snprintf(path, sizeof(path), "%d/cmdline", pid);
	put(path, bytes, n);
	snprintf(path, sizeof(path), "%d/fd", pid);
	dir(path);
	if (exe) {
		snprintf(link, sizeof(link), "%s/%d/exe", root, pid);
		ok(symlink(exe, link) == 0, "an exe link");
	}
	snprintf(link, sizeof(link), "%s/%d/fd/0", root, pid);
	ok(symlink("/dev/null", link) == 0, "a descriptor");
	if (inode) {
		snprintf(target, sizeof(target), "socket:[%u]", inode);
		snprintf(link, sizeof(link), "%s/%d/fd/7", root, pid);
		ok(symlink(target, link) == 0, "a socket");
	}
}

static void table(void)
{
	char text[2000];
	unsigned uid = getuid();
	int n = snprintf(text, sizeof(text),
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid "
		" "
		"timeout inode ref pointer drops\n"
		"  10: 00000000:0F8B 00000000:0000 07 00000000:00000000 00:00000000 00000000  %u  "
		"      0 1001 2 0 0\n"
		"  11: 00000000:0926 00000000:0000 07 00000000:00000000 00:00000000 00000000  %u  "
		"      0 1002 2 0 0\n"
		"  12: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000  %u  "
		"      0 1003 2 0 0\n"
		"  13: 0100007F:B27A 0100007F:0035 01 00000000:00000000 00:00000000 00000000  %u  "
		"      0 1004 2 0 0\n"
		"nonsense\n",
		uid, uid, uid, uid);

	dir("net");
	put("net/udp", text, (size_t)n);
	put("net/tcp", "", 0);
}

static const struct lr_detect_game *get(const struct lr_detect_game *found, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(found[i].game->name, name) == 0)
			return &found[i];
	return NULL;
}

static void expect(const struct lr_detect_game *found, int n, const char *name, int pid,
	enum lr_detect_by by, unsigned port, unsigned confidence)
{
	const struct lr_detect_game *g = get(found, n, name);

	ok(g && g->pid == pid && g->by == by && g->port == port && g->confidence == confidence,
		"%s: pid %d by %d port %u, %u %%", name, g ? g->pid : 0, g ? (int)g->by : -1,
		g ? g->port : 0, g ? g->confidence : 0);
}

static void sockets(void)
{
	static struct lr_detect_socket list[LR_DETECT_SOCKETS];
	int fd = open(root, O_RDONLY | O_DIRECTORY);

	is_int(lr_detect_sockets(fd, true, NULL, list), 3, "sockets that are bound");
	ok(list[0].port == 3979 && list[0].inode == 1001 && list[0].uid == getuid() &&
			list[0].proto == LR_GAME_UDP && list[0].peer_port == 0,
		"the first of them");
	is_int(lr_detect_sockets(fd, false, NULL, list), 4, "with those that are connected");
	ok(list[3].port == 0xb27a && list[3].peer_port == 53, "the connected one");
	close(fd);
}

static int gone(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

int main(void)
{
	struct lr_detect_game found[LR_DETECT_MAX];
	struct lr_err err = {0};

	if (!mkdtemp(root) || lr_games_load(&all, NULL, NULL, NULL) != 0)
		return 1;
	process(2, "", NULL, 0); /* a kernel thread */
	process(10, "/usr/games/openttd;-D;", NULL, 1001);
	process(11, "Z:\\games\\Warcraft III\\war3.exe;-window;", NULL, 0);
	process(12, "/usr/bin/wine64-preloader;C:\\windows\\FlatOut2.exe;", NULL, 0);
	process(13, "/usr/bin/wine-preloader;/opt/Age of Empires II/age2_x1.exe;", NULL, 0);
	process(14, "/usr/lib/jvm/bin/java;-cp;x;net.minecraft.client.main.Main;", NULL, 0);
	process(15, "main;", "/opt/factorio/bin/x64/factorio", 0);
	process(16, "./xonotic-linux32-sdl;", NULL, 0);
	process(17, "/usr/bin/vim;openttd;", "/usr/bin/vim", 0);
	process(18, "/opt/unknown-game;", "/opt/unknown-game", 1002);
	process(19, "/usr/sbin/avahi-daemon;", NULL, 1003);
	process(20, "/usr/bin/java;-jar;newspaper-reader.jar;", NULL, 0);
	process(21, "python3;/opt/Proton 9/proton;waitforexitandrun;C:\\games\\UT2004.exe;",
		"/usr/bin/python3.11", 0);
	process(22, "python3;watch.py;openttd;", "/usr/bin/python3.11", 0);
	table();
	int n = lr_detect(&all, root, NULL, found, &err);
	for (int i = 0; i < n; i++)
		printf("# %s %d %u %s\n", found[i].game->name, found[i].pid, found[i].confidence,
			found[i].process);
	expect(found, n, "openttd", 10, LR_DETECT_EXACT, 3979, 99);
	expect(found, n, "warcraft-3", 11, LR_DETECT_EXACT, 0, 90);
	expect(found, n, "flatout-2", 12, LR_DETECT_EXACT, 0, 90);
	expect(found, n, "age-of-empires-2", 13, LR_DETECT_EXACT, 0, 90);
	expect(found, n, "minecraft-java", 14, LR_DETECT_EXACT, 0, 95);
	expect(found, n, "factorio", 15, LR_DETECT_EXACT, 0, 90);
	expect(found, n, "xonotic", 16, LR_DETECT_CLOSE, 0, 60);
	expect(found, n, "doom", 18, LR_DETECT_PORTS, 2342, 40);
	expect(found, n, "ut2004", 21, LR_DETECT_EXACT, 0, 90);
	is_int(n, 9, "and nothing else");
	is_str(n ? found[0].game->name : "", "openttd", "the surest comes first");
	const struct lr_detect_game *aoe = get(found, n, "age-of-empires-2");
	is_str(aoe ? aoe->process : "", "age2_x1.exe", "a name behind a folder with spaces");
	sockets();
	is_int(lr_detect(&all, "/nonexistent/proc", NULL, found, &err), -1, "no such folder");
	is_str(err.text, "/nonexistent/proc: No such file or directory", "says so");
	lr_games_release(&all);
	nftw(root, gone, 16, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
