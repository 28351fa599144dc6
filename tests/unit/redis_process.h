/*
 * redis_process.h - a real redis-server of a test's own, on a unix socket and no port.
 */
#ifndef FOOTFALL_TEST_REDIS_PROCESS_H
#define FOOTFALL_TEST_REDIS_PROCESS_H

#include "temporary_folder.h"
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct redis_process {
    pid_t pid; /* 0: redis-server is not installed */
    char socket[TEMPORARY_PATH_BYTES + 16];
};

/* A blocking connection to it, or -1. */
static inline int redis_process_connect(const struct redis_process *redis)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", redis->socket);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static inline void redis_process_execute(const struct redis_process *redis, const char *folder)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* not left behind if the test is killed */
    (void)dup2(nowhere, STDIN_FILENO);
    (void)dup2(nowhere, STDOUT_FILENO);
    (void)dup2(nowhere, STDERR_FILENO);
    (void)execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", redis->socket,
                 "--dir", folder, "--save", "", "--appendonly", "no", (char *)NULL);
    _exit(127);
}

/* Starts it in `folder` and waits until it answers; pid 0 when there is none to start. */
static inline void redis_process_start(struct redis_process *redis,
                                       const struct temporary_folder *folder)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    int fd = -1;

    (void)snprintf(redis->socket, sizeof redis->socket, "%s/redis.sock", folder->path);
    redis->pid = fork();
    assert_true(redis->pid >= 0);
    if (redis->pid == 0) {
        redis_process_execute(redis, folder->path);
    }
    for (unsigned tries = 0; fd < 0; tries++) {
        int status;

        if (waitpid(redis->pid, &status, WNOHANG) == redis->pid) {
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 127);
            redis->pid = 0;
            return;
        }
        assert_true(tries < 2000);
        (void)nanosleep(&pause, NULL);
        fd = redis_process_connect(redis);
    }
    (void)close(fd);
}

static inline void redis_process_stop(const struct redis_process *redis)
{
    if (redis->pid > 0) {
        assert_int_equal(kill(redis->pid, SIGTERM), 0);
        assert_int_equal(waitpid(redis->pid, NULL, 0), redis->pid);
    }
}

/* Writes `value` at `key`, as anybody else's client may. */
static inline void redis_process_set(const struct redis_process *redis, const char *key,
                                     const char *value)
{
    char command[512];
    char answer[5];
    int fd = redis_process_connect(redis);
    int length = snprintf(command, sizeof command, "SET %s %s\r\n", key, value);

    assert_true(fd >= 0);
    assert_int_equal(send(fd, command, (size_t)length, MSG_NOSIGNAL), length);
    assert_int_equal(recv(fd, answer, sizeof answer, MSG_WAITALL), sizeof answer);
    assert_memory_equal(answer, "+OK\r\n", sizeof answer);
    assert_int_equal(close(fd), 0);
}

#endif
