/*
 * connection_proxy.c - who is at the other end, where a balancer says it before the first request.
 */
#include "http/connection.h"

#include "base/network.h"

void connection_know_client(struct connection *connection, const struct network_address *client)
{
    const struct network_list *trusted = connection->server->settings.proxies.trusted;

    connection->client = *client;
    connection->is_trusted = trusted != NULL && network_list_contains(trusted, client);
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
        if (connection->is_idle_ending) { /* it came at the last moment, and has its time */
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
