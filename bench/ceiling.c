/*
 * ceiling.c - the least server that answers a constant on io_uring: what a counter can reach.
 *
 * ceiling PORT WORKERS [close]
 *
 * Each worker process has one ring and shares the listening socket. A non-exclusive multishot poll
 * tells it of connections, of which it accepts a few per turn, so that none starves; a multishot
 * receive with a ring of provided buffers brings requests; replies leave with the next submission,
 * one submit-and-wait per turn. It reads no more of a request than its empty line. With `close`
 * each connection is answered once and closed, for load that opens one per request.
 */
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define CONNECTIONS_MAX 65536
#define BUFFERS 4096u
#define BUFFER_BYTES 2048u
#define ACCEPTS_PER_TURN 4
#define REPLIES_MAX 64u

#define HEAD                                                                                       \
    "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: application/json\r\n"                    \
    "Cache-Control: no-store\r\nContent-Length: 31\r\n"
#define BODY "{\"counter\":1234567,\"pid\":12345}"
#define REPLY "HTTP/1.1 200 OK\r\n" HEAD "\r\n" BODY
#define LAST_REPLY "HTTP/1.1 200 OK\r\n" HEAD "Connection: close\r\n\r\n" BODY

enum kind { KIND_LISTENER, KIND_RECEIVE, KIND_IGNORED };

struct worker {
    struct io_uring ring;
    struct io_uring_buf_ring *buffers;
    char *bytes;
    int listener_fd;
    bool close_each;
    bool may_have_more; /* the last turn left connections in the queue, perhaps */
    int *connections;   /* of every worker, in shared memory */
    int index;
    int workers;
    unsigned char matched[CONNECTIONS_MAX]; /* bytes of CR LF CR LF seen so far, by descriptor */
};

static char replies[REPLIES_MAX * (sizeof REPLY - 1)];

static void die(const char *what, int error)
{
    fprintf(stderr, "ceiling: %s: %s\n", what, strerror(error));
    exit(1);
}

static struct io_uring_sqe *next_entry(struct worker *worker)
{
    struct io_uring_sqe *entry = io_uring_get_sqe(&worker->ring);
    if (entry == NULL) {
        io_uring_submit(&worker->ring);
        entry = io_uring_get_sqe(&worker->ring);
    }
    return entry;
}

static void finish_entry(struct io_uring_sqe *entry, enum kind kind, int fd, unsigned flags)
{
    io_uring_sqe_set_data64(entry, (uint64_t)kind << 32 | (uint32_t)fd);
    entry->flags |= (unsigned char)flags;
}

static void watch_listener(struct worker *worker)
{
    struct io_uring_sqe *entry = next_entry(worker);
    io_uring_prep_poll_multishot(entry, worker->listener_fd, POLLIN);
    finish_entry(entry, KIND_LISTENER, worker->listener_fd, 0);
}

static void receive(struct worker *worker, int fd)
{
    struct io_uring_sqe *entry = next_entry(worker);
    if (worker->close_each) {
        io_uring_prep_recv(entry, fd, NULL, 0, 0);
    } else {
        io_uring_prep_recv_multishot(entry, fd, NULL, 0, 0);
    }
    finish_entry(entry, KIND_RECEIVE, fd, IOSQE_BUFFER_SELECT);
    entry->buf_group = 0;
}

/* Bytes of a constant need no completion before they may be sent again: successes are skipped. */
static void answer(struct worker *worker, int fd, size_t count)
{
    while (count > 0) {
        size_t now = count < REPLIES_MAX ? count : REPLIES_MAX;
        struct io_uring_sqe *entry = next_entry(worker);
        io_uring_prep_send(entry, fd, replies, now * (sizeof REPLY - 1),
                           MSG_NOSIGNAL | MSG_WAITALL);
        finish_entry(entry, KIND_IGNORED, fd, IOSQE_CQE_SKIP_SUCCESS);
        count -= now;
    }
}

static void answer_and_close(struct worker *worker, int fd)
{
    struct io_uring_sqe *entry = next_entry(worker);
    io_uring_prep_send(entry, fd, LAST_REPLY, sizeof LAST_REPLY - 1, MSG_NOSIGNAL | MSG_WAITALL);
    finish_entry(entry, KIND_IGNORED, fd, IOSQE_CQE_SKIP_SUCCESS | IOSQE_IO_HARDLINK);
    entry = next_entry(worker);
    io_uring_prep_close(entry, fd);
    finish_entry(entry, KIND_IGNORED, fd, IOSQE_CQE_SKIP_SUCCESS);
    worker->connections[worker->index]--;
}

/* A worker above the mean plus an eighth lets the others go first. */
static bool others_go_first(const struct worker *worker)
{
    int sum = 0;
    for (int i = 0; i < worker->workers; i++) {
        sum += __atomic_load_n(&worker->connections[i], __ATOMIC_RELAXED);
    }
    int mean = sum / worker->workers;
    return worker->connections[worker->index] > mean + mean / 8 + 1;
}

static void accept_some(struct worker *worker)
{
    worker->may_have_more = true;
    for (int i = 0; i < ACCEPTS_PER_TURN && !others_go_first(worker); i++) {
        int fd = accept4(worker->listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            worker->may_have_more = false;
            return;
        }
        if (fd >= CONNECTIONS_MAX) {
            close(fd);
            continue;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        worker->matched[fd] = 0;
        worker->connections[worker->index]++;
        receive(worker, fd);
    }
}

/* How many requests end within these bytes. */
static size_t count_requests(struct worker *worker, int fd, const char *bytes, size_t length)
{
    unsigned char matched = worker->matched[fd];
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == (matched & 1 ? '\n' : '\r')) {
            if (++matched == 4) {
                matched = 0;
                count++;
            }
        } else {
            matched = bytes[i] == '\r';
        }
    }
    worker->matched[fd] = matched;
    return count;
}

static void give_buffer_back(struct worker *worker, unsigned id)
{
    io_uring_buf_ring_add(worker->buffers, worker->bytes + (size_t)id * BUFFER_BYTES, BUFFER_BYTES,
                          (unsigned short)id, io_uring_buf_ring_mask(BUFFERS), 0);
    io_uring_buf_ring_advance(worker->buffers, 1);
}

static void received(struct worker *worker, int fd, const struct io_uring_cqe *completion)
{
    size_t count = 0;
    if (completion->flags & IORING_CQE_F_BUFFER) {
        unsigned id = completion->flags >> IORING_CQE_BUFFER_SHIFT;
        if (completion->res > 0) {
            count = count_requests(worker, fd, worker->bytes + (size_t)id * BUFFER_BYTES,
                                   (size_t)completion->res);
        }
        give_buffer_back(worker, id);
    }
    if (completion->res <= 0 && completion->res != -ENOBUFS) {
        worker->connections[worker->index]--;
        close(fd);
    } else if (worker->close_each && count > 0) {
        answer_and_close(worker, fd);
    } else {
        answer(worker, fd, count);
        if (!(completion->flags & IORING_CQE_F_MORE)) {
            receive(worker, fd);
        }
    }
}

static void completed(struct worker *worker, const struct io_uring_cqe *completion)
{
    int fd = (int)(completion->user_data & 0xffffffff);
    switch ((enum kind)(completion->user_data >> 32)) {
    case KIND_LISTENER:
        worker->may_have_more = true;
        if (!(completion->flags & IORING_CQE_F_MORE)) {
            watch_listener(worker);
        }
        break;
    case KIND_RECEIVE:
        received(worker, fd, completion);
        break;
    case KIND_IGNORED:
        break;
    }
}

static void set_up(struct worker *worker)
{
    struct io_uring_params parameters = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN |
                 IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
        .cq_entries = 16384,
    };
    int result = io_uring_queue_init_params(4096, &worker->ring, &parameters);
    if (result < 0) {
        die("io_uring", -result);
    }
    worker->buffers = mmap(NULL, BUFFERS * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE,
                           MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    worker->bytes = malloc((size_t)BUFFERS * BUFFER_BYTES);
    if (worker->buffers == MAP_FAILED || worker->bytes == NULL) {
        die("memory", ENOMEM);
    }
    struct io_uring_buf_reg registration = {
        .ring_addr = (uintptr_t)worker->buffers, .ring_entries = BUFFERS, .bgid = 0};
    result = io_uring_register_buf_ring(&worker->ring, &registration, 0);
    if (result < 0) {
        die("the ring of buffers", -result);
    }
    io_uring_buf_ring_init(worker->buffers);
    for (unsigned id = 0; id < BUFFERS; id++) {
        give_buffer_back(worker, id);
    }
    watch_listener(worker);
}

/* One submission and one look at the kernel. While connections may wait in the queue it does not
 * sleep, and when others should take them it looks again a moment later. */
static int submit_and_wait(struct worker *worker)
{
    struct __kernel_timespec moment = {.tv_nsec = 1000000};
    struct io_uring_cqe *completion = NULL;

    if (!worker->may_have_more) {
        return io_uring_submit_and_wait(&worker->ring, 1);
    }
    if (others_go_first(worker)) {
        return io_uring_submit_and_wait_timeout(&worker->ring, &completion, 1, &moment, NULL);
    }
    return io_uring_submit_and_get_events(&worker->ring);
}

static void serve(struct worker *worker)
{
    set_up(worker);
    for (;;) {
        int result = submit_and_wait(worker);
        if (result < 0 && result != -EINTR && result != -ETIME && result != -EAGAIN) {
            die("io_uring_enter", -result);
        }
        struct io_uring_cqe *completion;
        unsigned head;
        unsigned count = 0;
        io_uring_for_each_cqe(&worker->ring, head, completion)
        {
            completed(worker, completion);
            count++;
        }
        io_uring_cq_advance(&worker->ring, count);
        if (worker->may_have_more) {
            accept_some(worker);
        }
    }
}

static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0) {
        die("listen", errno);
    }
    return fd;
}

/* Dies with its parent, so that ending the first process ends all. */
static void start_worker(struct worker *worker)
{
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(worker);
    } else if (pid < 0) {
        die("fork", errno);
    }
}

int main(int argc, char **argv)
{
    static struct worker worker;
    long workers = argc < 3 ? 0 : strtol(argv[2], NULL, 10);

    if (workers < 1 || workers > WORKERS_MAX || argc > 4) {
        fprintf(stderr, "usage: ceiling PORT WORKERS [close]\n");
        return 2;
    }
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        memcpy(replies + i * (sizeof REPLY - 1), REPLY, sizeof REPLY - 1);
    }
    worker.workers = (int)workers;
    worker.close_each = argc == 4;
    worker.listener_fd = listen_on((int)strtol(argv[1], NULL, 10));
    worker.connections = mmap(NULL, WORKERS_MAX * sizeof(int), PROT_READ | PROT_WRITE,
                              MAP_ANONYMOUS | MAP_SHARED, -1, 0);
    if (worker.connections == MAP_FAILED) {
        die("shared memory", errno);
    }
    for (worker.index = 0; worker.index < workers; worker.index++) {
        start_worker(&worker);
    }
    while (wait(NULL) > 0 || errno == EINTR) {
    }
    return 1;
}
