// jerasure.c: writes jerasure.json, golden vectors computed by Jerasure itself.
//
//   apt-get install -y libjerasure-dev gcc
//   gcc -O2 -Wall -Wextra -I/usr/include/jerasure -o target/jerasure tests/vectors/jerasure.c -lJerasure
//   target/jerasure > tests/vectors/jerasure.json
//
// reed_sol_vandermonde_coding_matrix with words of 8 bits, and jerasure_matrix_encode. The data is that of isal.c.

#include <jerasure.h>
#include <jerasure/reed_sol.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHARD_BYTES = 64, MAX_SHARDS = 64, WORD_BITS = 8 };

static uint8_t shards[MAX_SHARDS][SHARD_BYTES] __attribute__((aligned(64)));

static void hex(const uint8_t *bytes, int count) {
    putchar('"');
    for (int i = 0; i < count; i++) printf("%02x", bytes[i]);
    putchar('"');
}

static void vector(int data_shards, int parity_shards) {
    static int first = 1;
    char *pointers[MAX_SHARDS];
    for (int j = 0; j < data_shards; j++)
        for (int i = 0; i < SHARD_BYTES; i++)
            shards[j][i] = (uint8_t)(7 * i + 31 * j + i * j % 251);
    for (int i = 0; i < data_shards + parity_shards; i++) pointers[i] = (char *)shards[i];
    int *matrix = reed_sol_vandermonde_coding_matrix(data_shards, parity_shards, WORD_BITS);
    if (!matrix) {
        fprintf(stderr, "no matrix for %d+%d\n", data_shards, parity_shards);
        exit(1);
    }
    jerasure_matrix_encode(data_shards, parity_shards, WORD_BITS, matrix, pointers, pointers + data_shards, SHARD_BYTES);

    printf("%s\n    {\n      \"code\": \"jerasure-van\", \"data_shards\": %d, \"parity_shards\": %d,", first ? "" : ",", data_shards, parity_shards);
    first = 0;
    printf("\n      \"parity_matrix\": [");
    for (int i = 0; i < parity_shards; i++) {
        uint8_t row[MAX_SHARDS];
        for (int j = 0; j < data_shards; j++) row[j] = (uint8_t)matrix[i * data_shards + j];
        printf("%s\n        ", i ? "," : "");
        hex(row, data_shards);
    }
    printf("\n      ],\n      \"parity\": [");
    for (int i = 0; i < parity_shards; i++) {
        printf("%s\n        ", i ? "," : "");
        hex(shards[data_shards + i], SHARD_BYTES);
    }
    printf("\n      ]\n    }");
    free(matrix);
}

int main(void) {
    printf("{\n  \"source\": \"Jerasure 2.0.0\",\n  \"shard_bytes\": %d,\n  \"vectors\": [", SHARD_BYTES);
    vector(4, 2);
    vector(6, 3);
    vector(10, 4);
    vector(5, 5);
    vector(20, 10);
    vector(3, 1);
    printf("\n  ]\n}\n");
}
