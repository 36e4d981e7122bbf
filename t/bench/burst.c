/*
 * burst.c - the bare way to many: datagrams of one length to a row of ports, one system call each
 *
 *   burst ADDRESS PORT COUNT TIMES BYTES
 *
 * To COUNT ports from PORT on, TIMES times, every 10 ms.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 1400

int main(int argc, char **argv)
{
	static const uint8_t bytes[MOST];
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 6 || fd < 0 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fputs("usage: burst ADDRESS PORT COUNT TIMES BYTES\n", stderr);
		return 2;
	}
	unsigned port = (unsigned)atoi(argv[2]), count = (unsigned)atoi(argv[3]);
	unsigned times = (unsigned)atoi(argv[4]), len = (unsigned)atoi(argv[5]);
	for (unsigned t = 0; t < times; t++) {
		for (unsigned i = 0; i < count; i++) {
			to.sin_port = htons((uint16_t)(port + i));
			sendto(fd, bytes, len < MOST ? len : MOST, 0, (void *)&to, sizeof(to));
		}
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	close(fd);
	return 0;
}
