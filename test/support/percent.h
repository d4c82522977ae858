/* Percent-decoding, for what the servers of tests receive. */
#ifndef TEST_SUPPORT_PERCENT_H
#define TEST_SUPPORT_PERCENT_H

/* In place. What is not an encoded byte stays as it is. */
void percent_decode(char *text);

#endif
