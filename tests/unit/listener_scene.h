/*
 * listener_scene.h - listeners in a folder of their own, and whether somebody answers there.
 */
#ifndef FOOTFALL_TEST_LISTENER_SCENE_H
#define FOOTFALL_TEST_LISTENER_SCENE_H

#include "counted_descriptors.h"
#include "open_listeners.h"
#include "process/listener.h"
#include "temporary_folder.h"
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct temporary_folder folder;
static unsigned descriptors_before;
static struct listeners listeners;
static char reason[LISTENER_REASON_BYTES];
static char unix_path[TEMPORARY_PATH_BYTES + 16];
static char unix_text[TEMPORARY_PATH_BYTES + 32];

static inline int begin(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    (void)snprintf(unix_path, sizeof unix_path, "%s/socket", folder.path);
    (void)snprintf(unix_text, sizeof unix_text, "unix:%s", unix_path);
    descriptors_before = descriptors_open_now();
    reason[0] = '\0';
    return 0;
}

static inline int finish(void **state)
{
    (void)state;
    assert_int_equal(descriptors_open_now(), descriptors_before);
    temporary_folder_remove(&folder);
    return 0;
}

static inline int open_two(const char *one, const char *other)
{
    struct address addresses[2];

    assert_true(address_parse(slice_of(one), &addresses[0]));
    if (other != NULL) {
        assert_true(address_parse(slice_of(other), &addresses[1]));
    }
    return open_listeners(addresses, other == NULL ? 1 : 2, &listeners, reason);
}

/* The port at the end of a name. */
static inline uint16_t port_of(const struct listener *listener)
{
    return (uint16_t)strtoul(strrchr(listener->name, ':') + 1, NULL, 10);
}

static inline bool answers(const char *host, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_connected;

    assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
    is_connected = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    assert_int_equal(close(fd), 0);
    return is_connected;
}

static inline bool is_there(const char *path)
{
    struct stat information;

    return lstat(path, &information) == 0;
}

#endif
