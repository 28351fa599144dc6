/*
 * connection_proxy.c - who is at the other end, where a balancer says it before the first request.
 */
#include "http/connection.h"

#include "base/network.h"

#include <sys/socket.h>

void connection_know_client(struct connection *connection, const struct network_address *client)
{
    const struct network_list *trusted = connection->server->settings.proxies.trusted;

    connection->client = *client;
    connection->is_trusted = trusted != NULL && network_list_contains(trusted, client);
}

/* Without an address is who comes by a unix socket, but also who is gone again (getpeername(2):
 * ENOTCONN) and has left a request. */
static bool is_unix_socket(int fd)
{
    int domain = AF_UNSPEC;
    socklen_t length = sizeof domain;

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

void connection_know_peer(struct connection *connection, const struct network_address *peer)
{
    connection_know_client(connection, peer);
    if (connection->is_trusted && !network_address_is_known(peer)) {
        connection->is_trusted = is_unix_socket(connection->descriptor.fd);
    }
}

void connection_refuse_proxy(struct connection *connection, enum proxy_fault fault)
{
    const struct http_proxies *proxies = &connection->server->settings.proxies;

    if (proxies->refused != NULL) {
        proxies->refused(proxies->owner, fault, &connection->client);
    }
    connection_abort(connection);
}

size_t connection_read_proxy_header(struct connection *connection, struct slice bytes)
{
    const struct http_proxies *proxies = &connection->server->settings.proxies;
    struct proxy_header header;
    enum proxy_fault fault;

    switch (proxy_header_read(bytes, &header, &fault)) {
    case PARSE_MORE:
        if (connection->server->is_draining && connection->input == NULL) {
            /* Until now it was to be closed soon, for want of a first byte. */
            connection_enter(connection, CONNECTION_PROXY_HEADER);
        }
        return 0;
    case PARSE_DONE:
        if (header.names_client) {
            if (proxies->named_client != NULL) {
                proxies->named_client(proxies->owner, "PROXY", &connection->client, &header.client);
            }
            connection_know_client(connection, &header.client);
        }
        connection_enter(connection, CONNECTION_IDLE);
        return header.bytes;
    case PARSE_BAD:
        connection_refuse_proxy(connection, fault);
        return 0;
    }
    return 0;
}
