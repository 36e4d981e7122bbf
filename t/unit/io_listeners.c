/*
 * io_listeners.c - who listens for TCP: our own listener, as this machine's kernel tells of it
 */
#include "lib/io/listeners.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t/unit/tap.h"

static void listener(int family)
{
	static struct lr_detect_socket got[LR_DETECT_SOCKETS];
	struct sockaddr_storage at = {.ss_family = (sa_family_t)family};
	socklen_t len =
		family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	int fd = socket(family, SOCK_STREAM, 0);
	int hits = 0, n;
	unsigned port;
	struct stat st;

	ok(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 && listen(fd, 1) == 0 &&
			getsockname(fd, (struct sockaddr *)&at, &len) == 0 && fstat(fd, &st) == 0,
		"a listener");
	port = ntohs(((struct sockaddr_in *)&at)->sin_port); /* at the same place in both */
	n = lr_listeners(got, LR_DETECT_SOCKETS);
	for (int i = 0; i < n; i++)
		hits += got[i].proto == LR_GAME_TCP && got[i].port == port &&
			got[i].inode == st.st_ino && got[i].uid == getuid() &&
			got[i].family == (family == AF_INET ? 4 : 6);
	is_int(hits, 1, "the kernel tells of it, once");
	close(fd);
}

int main(void)
{
	struct lr_detect_socket none;

	listener(AF_INET);
	listener(AF_INET6);
	is_int(lr_listeners(&none, 0), 0, "no room");
	return tap_done();
}
