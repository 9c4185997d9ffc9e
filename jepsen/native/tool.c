/* What needs an ioctl, so that the harness itself needs no unsafe code.
 *
 *   tool tun NAME...       makes TUN devices and passes their descriptors over the socket that is its standard input
 *   tool goingdown DIR     cuts the power of the ext4 file system at DIR: nothing more is written, the journal included
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* EXT4_IOC_SHUTDOWN, and its flag for "do not even flush the journal". */
#define GOINGDOWN _IOR('X', 125, uint32_t)
#define NO_LOG_FLUSH 2u

static int fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return 1;
}

static int pass(int fd) {
    char byte = 'f';
    struct iovec part = {&byte, 1};
    char room[CMSG_SPACE(sizeof fd)] = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    return sendmsg(0, &message, 0) == 1 ? 0 : -1;
}

static int tun(const char *name) {
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0) return fail("/dev/net/tun");
    struct ifreq request = {0};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &request) != 0) return fail(name);
    if (pass(fd) != 0) return fail("pass the descriptor");
    close(fd);
    return 0;
}

static int goingdown(const char *dir) {
    int fd = open(dir, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(dir);
    uint32_t flags = NO_LOG_FLUSH;
    if (ioctl(fd, GOINGDOWN, &flags) != 0) return fail("GOINGDOWN");
    return 0;
}

int main(int count, char **args) {
    if (count == 3 && strcmp(args[1], "goingdown") == 0) return goingdown(args[2]);
    if (count >= 3 && strcmp(args[1], "tun") == 0) {
        for (int at = 2; at < count; at++)
            if (tun(args[at]) != 0) return 1;
        return 0;
    }
    fprintf(stderr, "usage: tool tun NAME... | tool goingdown DIR\n");
    return 2;
}
