/*
 * admin_client.c - one request to the admin side, and which of several footfalls it goes to.
 */
#include "commands/admin_client.h"

#include "base/runtime_folder.h"
#include "commands/command.h"
#include "commands/process.h"

#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    ANSWER_S_MAX = 5,
    ANSWER_BYTES_MAX = 8 * 1024 * 1024,
};

/* ---- which one ---- */

/* PORT.sock: visitors' own sockets may stand there too. */
static int is_socket(const struct dirent *entry)
{
    const size_t digits = strspn(entry->d_name, "0123456789");

    return digits > 0 && strcmp(entry->d_name + digits, ".sock") == 0;
}

/* Lists what was found, for people. */
static void list_found(struct dirent *const *entries, int count, const char *folder,
                       char *out_reason)
{
    int length = snprintf(out_reason, ADMIN_CLIENT_REASON_BYTES,
                          "there are several, name one with --admin:");

    for (int i = 0; i < count && length < ADMIN_CLIENT_REASON_BYTES - 200; i++) {
        length += snprintf(out_reason + length, (size_t)(ADMIN_CLIENT_REASON_BYTES - length),
                           " unix:%.100s/%.60s", folder, entries[i]->d_name);
    }
}

static bool find_only_one(struct address *out_address, char out_reason[ADMIN_CLIENT_REASON_BYTES])
{
    char folder[ADDRESS_PATH_BYTES_MAX];
    struct dirent **entries = NULL;
    int count;
    bool is_found = false;

    if (!runtime_folder_find(folder, sizeof folder)) {
        (void)snprintf(out_reason, ADMIN_CLIENT_REASON_BYTES,
                       "there is no runtime folder to look in; name its place with --admin");
        return false;
    }
    count = scandir(folder, &entries, is_socket, alphasort);
    if (count <= 0) {
        (void)snprintf(out_reason, ADMIN_CLIENT_REASON_BYTES,
                       "no footfall has a socket in %s; name its place with --admin", folder);
    } else if (count > 1) {
        list_found(entries, count, folder, out_reason);
    } else {
        *out_address = (struct address){.is_unix = true};
        is_found = snprintf(out_address->path, sizeof out_address->path, "%s/%s", folder,
                            entries[0]->d_name) < (int)sizeof out_address->path;
    }
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
    return is_found;
}

bool admin_client_find_moved(pid_t pid, struct address *out_address)
{
    char folder[ADDRESS_PATH_BYTES_MAX];
    char reason[ADMIN_CLIENT_REASON_BYTES];
    struct dirent **entries = NULL;
    int count = runtime_folder_find(folder, sizeof folder)
                    ? scandir(folder, &entries, is_socket, alphasort)
                    : 0;
    bool is_found = false;

    for (int i = 0; i < count; i++) {
        struct address address = {.is_unix = true};

        if (!is_found && snprintf(address.path, sizeof address.path, "%s/%s", folder,
                                  entries[i]->d_name) < (int)sizeof address.path) {
            json_t *page = admin_client_try_status(&address, reason);

            if (page != NULL &&
                (count == 1 || json_integer_value(json_object_get(page, "pid")) == pid)) {
                *out_address = address;
                is_found = true;
            }
            json_decref(page);
        }
        free(entries[i]);
    }
    free(entries);
    return is_found;
}

bool admin_place_take(struct admin_place *place, int words_count, char *const *words, int *index)
{
    const char *word = words[*index];

    if (strncmp(word, "--admin=", 8) == 0) {
        place->text = word + 8;
        return true;
    }
    if (strcmp(word, "--admin") == 0 && *index + 1 < words_count) {
        *index += 1;
        place->text = words[*index];
        return true;
    }
    return false;
}

static const char *text_of(const struct admin_place *place)
{
    return place->text != NULL ? place->text : getenv("FOOTFALL_ADMIN");
}

bool admin_place_is_usual(const struct admin_place *place)
{
    const char *text = text_of(place);

    return text == NULL || text[0] == '\0' || strcmp(text, "auto") == 0;
}

int admin_place_find(const struct admin_place *place, const char *command,
                     struct address *out_address)
{
    const char *text = text_of(place);
    char reason[ADMIN_CLIENT_REASON_BYTES];

    if (admin_place_is_usual(place)) {
        return find_only_one(out_address, reason) ? COMMAND_DONE : command_fail(command, reason);
    }
    if (!address_parse(slice_of(text), out_address)) {
        (void)snprintf(reason, sizeof reason,
                       "%.100s is no place; it takes --admin ADDRESS:PORT or unix:PATH", text);
        (void)command_fail(command, reason);
        return COMMAND_WRONG;
    }
    return COMMAND_DONE;
}

/* ---- asking ---- */

/* A socket that waits for nothing longer than an answer may take: not for a place in the queue of a
 * footfall that stands still either (unix(7)). -1 with errno. */
static int limited_socket(int family)
{
    const struct timeval limit = {.tv_sec = ANSWER_S_MAX};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    return fd;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = limited_socket(AF_UNIX);

    (void)snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof name) < 0) {
        const int result = -errno;

        (void)close(fd);
        return result;
    }
    return fd < 0 ? -errno : fd;
}

static int connect_tcp(const struct address *address)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char port[8];
    int result = -EHOSTUNREACH;

    (void)snprintf(port, sizeof port, "%u", address->port);
    if (getaddrinfo(address->host[0] == '\0' ? NULL : address->host, port, &hints, &found) != 0) {
        return result;
    }
    for (const struct addrinfo *each = found; each != NULL && result < 0; each = each->ai_next) {
        int fd = limited_socket(each->ai_family);

        result = fd;
        if (fd < 0 || connect(fd, each->ai_addr, each->ai_addrlen) < 0) {
            result = -errno;
            if (fd >= 0) {
                (void)close(fd);
            }
        }
    }
    freeaddrinfo(found);
    return result;
}

/* Sends the request and reads to the end. 0 or -errno. */
static int exchange(int fd, const char *path, struct text *answer)
{
    char request[256];
    char bytes[16384];
    ssize_t received;
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);

    if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length) {
        return -errno; /* a fresh socket takes so little whole */
    }
    while ((received = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        text_add(answer, "%.*s", (int)received, bytes); /* pages hold no NUL */
        if (answer->has_failed || answer->length > ANSWER_BYTES_MAX) {
            return -ENOMEM;
        }
    }
    return received < 0 ? -errno : 0;
}

/* The file with the pid beside a socket. False for what has none. */
static bool pid_path_of(const struct address *address, char *out_path, size_t path_bytes)
{
    const size_t length = strlen(address->path);

    if (!address->is_unix || length < 6) {
        return false;
    }
    (void)snprintf(out_path, path_bytes, "%.*s.pid", (int)length - 5, address->path);
    return true;
}

static pid_t read_pid(const char *path)
{
    FILE *file = fopen(path, "re");
    long pid = 0;

    if (file != NULL) {
        if (fscanf(file, "%ld", &pid) != 1) {
            pid = 0;
        }
        (void)fclose(file);
    }
    return (pid_t)pid;
}

pid_t admin_client_pid(const struct address *address)
{
    char path[ADDRESS_PATH_BYTES_MAX + 8];
    const pid_t pid = pid_path_of(address, path, sizeof path) ? read_pid(path) : 0;

    return process_is_running(pid) ? pid : 0;
}

/* Why a footfall that should be there does not answer, from the file with its pid. */
static void explain(const struct address *address, int result, char *out_reason)
{
    char path[ADDRESS_PATH_BYTES_MAX + 8];
    const char *problem =
        result == -EAGAIN || result == -EINPROGRESS ? "no answer in time" : strerror(-result);
    const pid_t pid = pid_path_of(address, path, sizeof path) ? read_pid(path) : 0;

    if (pid <= 0) {
        (void)snprintf(out_reason, ADMIN_CLIENT_REASON_BYTES, "no footfall answers: %s", problem);
    } else if (process_is_running(pid)) {
        (void)snprintf(out_reason, ADMIN_CLIENT_REASON_BYTES,
                       "process %ld runs, but no worker answers: %s", (long)pid, problem);
    } else {
        (void)snprintf(out_reason, ADMIN_CLIENT_REASON_BYTES,
                       "it is not running: process %ld of %s is gone", (long)pid, path);
    }
}

bool admin_client_ask(const struct address *address, const char *path, struct text *out_body,
                      char out_reason[ADMIN_CLIENT_REASON_BYTES])
{
    struct text answer = {0};
    const char *body = NULL;
    int fd = address->is_unix ? connect_unix(address->path) : connect_tcp(address);
    int result = fd;

    if (fd >= 0) {
        result = exchange(fd, path, &answer);
        (void)close(fd);
    }
    if (result < 0) {
        explain(address, result, out_reason);
    } else {
        body = answer.length > 0 ? strstr(answer.bytes, "\r\n\r\n") : NULL;
        if (body == NULL || strncmp(answer.bytes, "HTTP/1.1 200 ", 13) != 0) {
            (void)snprintf(out_reason, ADMIN_CLIENT_REASON_BYTES,
                           "what answers there is no admin side of footfall");
            body = NULL;
        }
    }
    if (body != NULL) {
        text_add(out_body, "%s", body + 4);
    }
    text_finish(&answer);
    return body != NULL;
}

json_t *admin_client_try_status(const struct address *address,
                                char out_reason[ADMIN_CLIENT_REASON_BYTES])
{
    struct text body = {0};
    json_t *page = NULL;

    if (admin_client_ask(address, "/status", &body, out_reason)) {
        page = json_loadb(body.bytes, body.length, 0, NULL);
        if (page == NULL) {
            (void)snprintf(out_reason, ADMIN_CLIENT_REASON_BYTES, "the answer is no JSON");
        }
    }
    text_finish(&body);
    return page;
}

json_t *admin_client_status(const struct address *address, const char *command)
{
    char reason[ADMIN_CLIENT_REASON_BYTES];
    json_t *page = admin_client_try_status(address, reason);

    if (page == NULL) {
        (void)command_fail(command, reason);
    }
    return page;
}
