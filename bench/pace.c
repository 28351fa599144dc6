/*
 * pace.c - load at a constant rate, for latency that is not the generator's own queueing.
 *
 * pace PORT PATH CONNECTIONS RATE SECONDS
 *
 * Request i is due at start + i / RATE, in ticks of 50 us, whatever has become of those before. It
 * goes out on the connection that has waited longest for something to do; when there is none it
 * waits, and its latency counts from when it was due. h2load --rps wakes every 10 ms and sends what
 * is due by then in one burst, so its percentiles at high rates are those of the bursts (measured
 * at 32,000/s: mean 1.0 ms, where this one sees 0.08 ms).
 *
 * How late it sent is told beside that: behind its own core, or for want of a connection.
 *
 * It reads every number that it is answered: the first digits after a colon of the body. Prints one
 * JSON object. One thread, epoll; a response over 4 KiB or in chunks is an error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define RESPONSE_BYTES_MAX 4096u
#define PATIENCE_NS 2000000000ull
#define TICK_NS 50000u

struct connection {
    int fd;
    uint64_t due_ns;      /* of the request in flight; 0: none is */
    uint64_t last_number; /* that this connection was answered */
    size_t length;
    char response[RESPONSE_BYTES_MAX + 1];
};

struct pace {
    int epoll_fd;
    uint16_t port;
    const char *request;
    size_t request_length;
    struct connection *connections;
    size_t connections_count;
    struct connection **idle; /* a queue, in a circle, of those that wait for nothing */
    size_t idle_first;
    size_t idle_count;
    uint64_t *latencies_ns;
    uint64_t *delays_ns; /* from due to sent */
    size_t sent;
    uint64_t *numbers;
    size_t answered;
    size_t errors;
    size_t not_growing;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "pace: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void idle_put(struct pace *pace, struct connection *connection)
{
    pace->idle[(pace->idle_first + pace->idle_count++) % pace->connections_count] = connection;
}

static struct connection *idle_take(struct pace *pace)
{
    struct connection *connection = pace->idle[pace->idle_first];
    pace->idle_first = (pace->idle_first + 1) % pace->connections_count;
    pace->idle_count--;
    return connection;
}

static void connection_open(struct pace *pace, struct connection *connection)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(pace->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0) {
        die("connect");
    }
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (epoll_ctl(pace->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) < 0) {
        die("epoll");
    }
    idle_put(pace, connection);
}

/* A connection that failed is not used again: the count of errors makes the run invalid anyway. */
static void connection_fail(struct pace *pace, struct connection *connection)
{
    pace->errors++;
    close(connection->fd);
    connection->fd = -1;
    connection->due_ns = 0;
}

static void connection_send(struct pace *pace, struct connection *connection, uint64_t due_ns)
{
    pace->delays_ns[pace->sent++] = now_ns() - due_ns;
    connection->due_ns = due_ns;
    connection->length = 0;
    if (send(connection->fd, pace->request, pace->request_length, MSG_NOSIGNAL) !=
        (ssize_t)pace->request_length) {
        connection_fail(pace, connection);
    }
}

/* The body when all of it is there; NULL when more must come; *bad when it is none of ours. */
static const char *complete_body(const char *response, size_t length, bool *bad)
{
    const char *end = strstr(response, "\r\n\r\n");
    if (end == NULL) {
        return NULL;
    }
    const char *field = strcasestr(response, "\r\ncontent-length:");
    if (strncmp(response, "HTTP/1.1 200", 12) != 0 || field == NULL || field > end) {
        *bad = true;
        return NULL;
    }
    size_t wanted = strtoul(field + sizeof "\r\ncontent-length:" - 1, NULL, 10);
    const char *body = end + 4;
    return length - (size_t)(body - response) >= wanted ? body : NULL;
}

static void note_answer(struct pace *pace, struct connection *connection, const char *body)
{
    const char *digits = strchr(body, ':');
    uint64_t number = digits == NULL ? 0 : strtoull(digits + 1, NULL, 10);

    pace->not_growing += number <= connection->last_number;
    connection->last_number = number;
    pace->numbers[pace->answered] = number;
    pace->latencies_ns[pace->answered] = now_ns() - connection->due_ns;
    pace->answered++;
    connection->due_ns = 0;
    idle_put(pace, connection);
}

static void connection_receive(struct pace *pace, struct connection *connection)
{
    size_t room = RESPONSE_BYTES_MAX - connection->length;
    ssize_t count = recv(connection->fd, connection->response + connection->length, room, 0);
    bool bad = count <= 0 || connection->due_ns == 0;

    if (!bad) {
        connection->length += (size_t)count;
        connection->response[connection->length] = '\0';
        const char *body = complete_body(connection->response, connection->length, &bad);
        if (body != NULL) {
            note_answer(pace, connection, body);
            return;
        }
        bad = bad || connection->length == RESPONSE_BYTES_MAX;
    }
    if (bad) {
        connection_fail(pace, connection);
    }
}

static void wait_for_answers(struct pace *pace, uint64_t until_ns)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t now = now_ns();
    uint64_t left = until_ns > now ? until_ns - now : 0;
    struct timespec limit = {.tv_sec = (time_t)(left / 1000000000u),
                             .tv_nsec = (long)(left % 1000000000u)};
    int count = epoll_pwait2(pace->epoll_fd, events, EVENTS_MAX, &limit, NULL);

    for (int i = 0; i < count; i++) {
        connection_receive(pace, events[i].data.ptr);
    }
}

static uint64_t due_ns(uint64_t start_ns, size_t index, double interval_ns)
{
    uint64_t after_ns = (uint64_t)((double)index * interval_ns);
    return start_ns + after_ns / TICK_NS * TICK_NS;
}

/* Sends what is due until all of `total` are sent, then waits for the answers that are left. */
static void run(struct pace *pace, size_t total, double rate)
{
    double interval_ns = 1e9 / rate;
    uint64_t start = now_ns();
    uint64_t end = start + (uint64_t)((double)total * interval_ns) + PATIENCE_NS;

    while (pace->answered + pace->errors < total && now_ns() < end) {
        uint64_t due = due_ns(start, pace->sent, interval_ns);
        while (pace->sent < total && pace->idle_count > 0 && due <= now_ns()) {
            connection_send(pace, idle_take(pace), due);
            due = due_ns(start, pace->sent, interval_ns);
        }
        wait_for_answers(pace,
                         pace->sent < total && pace->idle_count > 0 ? due : now_ns() + 100000000u);
    }
    pace->errors = total - pace->answered;
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Of values in order. */
static double percentile_us(const uint64_t *values_ns, size_t count, double share)
{
    if (count == 0) {
        return 0;
    }
    size_t index = (size_t)(share * (double)count);
    return (double)values_ns[index < count ? index : count - 1] / 1e3;
}

static void print_result(struct pace *pace, double elapsed_s)
{
    const uint64_t *latencies_ns = pace->latencies_ns;
    size_t count = pace->answered;
    size_t repeated = 0;
    struct rusage usage;

    qsort(pace->latencies_ns, pace->answered, sizeof *pace->latencies_ns, compare);
    qsort(pace->delays_ns, pace->sent, sizeof *pace->delays_ns, compare);
    (void)getrusage(RUSAGE_SELF, &usage);
    double cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    qsort(pace->numbers, pace->answered, sizeof *pace->numbers, compare);
    for (size_t i = 1; i < pace->answered; i++) {
        repeated += pace->numbers[i] == pace->numbers[i - 1];
    }
    printf("{\"requests\": %zu, \"errors\": %zu, \"seconds\": %.6f, \"cpu_s\": %.6f, "
           "\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, "
           "\"late_p99_us\": %.1f, "
           "\"numbers_repeated\": %zu, \"numbers_not_growing\": %zu}\n",
           pace->answered, pace->errors, elapsed_s, cpu_s, percentile_us(latencies_ns, count, 0.5),
           percentile_us(latencies_ns, count, 0.99), percentile_us(latencies_ns, count, 0.999),
           percentile_us(latencies_ns, count, 1.0),
           percentile_us(pace->delays_ns, pace->sent, 0.99), repeated, pace->not_growing);
}

int main(int argc, char **argv)
{
    struct pace pace = {0};
    char request[512];

    if (argc != 6 || strtoul(argv[3], NULL, 10) == 0 || strtod(argv[4], NULL) <= 0) {
        fprintf(stderr, "usage: pace PORT PATH CONNECTIONS RATE SECONDS\n");
        return 2;
    }
    pace.connections_count = strtoul(argv[3], NULL, 10);
    double rate = strtod(argv[4], NULL);
    size_t total = (size_t)(rate * strtod(argv[5], NULL));
    pace.port = (uint16_t)strtoul(argv[1], NULL, 10);
    pace.request = request;
    pace.request_length = (size_t)snprintf(request, sizeof request,
                                           "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", argv[2]);
    pace.connections = calloc(pace.connections_count, sizeof *pace.connections);
    pace.idle = calloc(pace.connections_count, sizeof(struct connection *));
    pace.latencies_ns = calloc(total + 1, sizeof *pace.latencies_ns);
    pace.delays_ns = calloc(total + 1, sizeof *pace.delays_ns);
    pace.numbers = calloc(total + 1, sizeof *pace.numbers);
    pace.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (pace.connections == NULL || pace.idle == NULL || pace.latencies_ns == NULL ||
        pace.delays_ns == NULL || pace.numbers == NULL || pace.epoll_fd < 0) {
        die("start");
    }
    (void)prctl(PR_SET_TIMERSLACK, 1L);
    for (size_t i = 0; i < pace.connections_count; i++) {
        connection_open(&pace, &pace.connections[i]);
    }
    uint64_t start = now_ns();
    run(&pace, total, rate);
    print_result(&pace, (double)(now_ns() - start) / 1e9);
    return 0;
}
