/*
 * iface.c - see iface.h; netdevice(7), linux/ethtool.h
 */
#include "lib/io/iface.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

bool lr_iface_tunnel(const char *name)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq ask;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool known = false;

	if (fd < 0)
		return false;
	memset(&ask, 0, sizeof(ask));
	snprintf(ask.ifr_name, sizeof(ask.ifr_name), "%s", name);
	ask.ifr_data = (void *)&info;
	known = ioctl(fd, SIOCETHTOOL, &ask) == 0;
	close(fd);
	return known && (strcmp(info.driver, "tun") == 0 || strcmp(info.driver, "wireguard") == 0);
}

/* Whether the file holds that line. */
static bool stands_at(const char *path, const char *line)
{
	char text[16];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(line) && memcmp(text, line, (size_t)n) == 0;
}

int lr_iface_set(const char *name, int family, const char *what, int value)
{
	char path[128], text[16];
	int n = snprintf(text, sizeof(text), "%d\n", value), r = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv%d/conf/%.16s/%.40s", family, name, what);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r < 0 && stands_at(path, text) ? 0 : r;
}
