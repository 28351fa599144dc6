/*
 * request_note.c - two texts, cut to fit.
 */
#include "http/request_note.h"

/* Copies as much as has room. Returns how many bytes that made. */
static size_t copy_cut(char *out_bytes, size_t room, struct slice text)
{
    static const struct slice mark = {"...", 3};

    if (text.length <= room) {
        memcpy(out_bytes, text.bytes, text.length);
        return text.length;
    }
    memcpy(out_bytes, text.bytes, room - mark.length);
    memcpy(out_bytes + room - mark.length, mark.bytes, mark.length);
    return room;
}

void request_note_write(struct request_note *out_note, struct slice method, struct slice path)
{
    out_note->method_length = (uint8_t)copy_cut(out_note->method, sizeof out_note->method, method);
    out_note->path_length = (uint16_t)copy_cut(out_note->path, sizeof out_note->path, path);
}
