// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into Libreswan's pluto: answers of the kernel's XFRM interface that refuse become answers
 * that agree, because a kernel without ESP refuses every SA and pluto would end the negotiation.
 *
 * Only acknowledgements are rewritten (NLMSG_ERROR on a NETLINK_XFRM socket); a question about an
 * SA that was never installed still gets no data, which pluto logs and lives with.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

typedef ssize_t (*recvfrom_fn)(int, void *, size_t, int, struct sockaddr *, socklen_t *);

static bool is_xfrm(int fd)
{
	int domain = 0, protocol = -1;
	socklen_t size = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK &&
		   getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
		   protocol == NETLINK_XFRM;
}

ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from,
				 socklen_t *from_size)
{
	recvfrom_fn real = (recvfrom_fn)dlsym(RTLD_NEXT, "recvfrom");
	ssize_t length = real(fd, buffer, size, flags, from, from_size);
	struct nlmsghdr *header = buffer;
	struct nlmsgerr *answer;

	if (length < (ssize_t)NLMSG_LENGTH(sizeof(*answer)) || !is_xfrm(fd) ||
		header->nlmsg_type != NLMSG_ERROR)
	{
		return length;
	}
	answer = NLMSG_DATA(header);
	if (answer->error != 0)
	{
		fprintf(stderr, "xfrm_yes: error %d of request type %d hidden\n", answer->error,
				answer->msg.nlmsg_type);
		answer->error = 0;
	}
	return length;
}
