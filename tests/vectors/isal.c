// isal.c: writes isal.json, golden vectors computed by ISA-L itself.
//
//   apt-get install -y libisal-dev gcc
//   gcc -O2 -Wall -Wextra -o target/isal tests/vectors/isal.c -lisal && target/isal > tests/vectors/isal.json
//
// Cauchy: gf_gen_cauchy1_matrix, ec_init_tables, ec_encode_data. Powers of two (isal-rs): the same with gf_gen_rs_matrix. RAID 6:
// pq_gen, which wants buffers aligned to 32 bytes.
// The data is painted by one formula, so that it need not be stored:
//   byte i of data shard j = (7 i + 31 j + (i j mod 251)) mod 256

#include <isa-l.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRINGIFY(x) #x
#define STRING(x) STRINGIFY(x)
#define VERSION STRING(ISAL_MAJOR_VERSION) "." STRING(ISAL_MINOR_VERSION) "." STRING(ISAL_PATCH_VERSION)

enum { SHARD_BYTES = 64, MAX_SHARDS = 64 };

static uint8_t shards[MAX_SHARDS][SHARD_BYTES] __attribute__((aligned(64)));
static int first = 1;

static void paint(int data_shards) {
    for (int j = 0; j < data_shards; j++)
        for (int i = 0; i < SHARD_BYTES; i++)
            shards[j][i] = (uint8_t)(7 * i + 31 * j + i * j % 251);
}

static void hex(const uint8_t *bytes, int count) {
    putchar('"');
    for (int i = 0; i < count; i++) printf("%02x", bytes[i]);
    putchar('"');
}

// One vector: the parity matrix row by row (where ISA-L has one), then the parity shards.
static void vector(const char *code, int data_shards, int parity_shards, const uint8_t *matrix) {
    printf("%s\n    {\n      \"code\": \"%s\", \"data_shards\": %d, \"parity_shards\": %d,", first ? "" : ",", code, data_shards, parity_shards);
    first = 0;
    if (matrix) {
        printf("\n      \"parity_matrix\": [");
        for (int i = 0; i < parity_shards; i++) {
            printf("%s\n        ", i ? "," : "");
            hex(matrix + i * data_shards, data_shards);
        }
        printf("\n      ],");
    }
    printf("\n      \"parity\": [");
    for (int i = 0; i < parity_shards; i++) {
        printf("%s\n        ", i ? "," : "");
        hex(shards[data_shards + i], SHARD_BYTES);
    }
    printf("\n      ]\n    }");
}

typedef void generate(unsigned char *generator, int total, int data_shards);

static void matrix_code(const char *code, generate *generate, int data_shards, int parity_shards) {
    uint8_t generator[MAX_SHARDS * MAX_SHARDS], tables[32 * MAX_SHARDS * MAX_SHARDS], *pointers[MAX_SHARDS];
    int total = data_shards + parity_shards;
    paint(data_shards);
    for (int i = 0; i < total; i++) pointers[i] = shards[i];
    generate(generator, total, data_shards);
    const uint8_t *matrix = generator + data_shards * data_shards;
    ec_init_tables(data_shards, parity_shards, (uint8_t *)matrix, tables);
    ec_encode_data(SHARD_BYTES, data_shards, parity_shards, tables, pointers, pointers + data_shards);
    vector(code, data_shards, parity_shards, matrix);
}

static void cauchy(int data_shards, int parity_shards) {
    matrix_code("cauchy", gf_gen_cauchy1_matrix, data_shards, parity_shards);
}

static void isal_rs(int data_shards, int parity_shards) {
    matrix_code("isal-rs", gf_gen_rs_matrix, data_shards, parity_shards);
}

static void raid6(int data_shards) {
    void *pointers[MAX_SHARDS];
    paint(data_shards);
    for (int i = 0; i < data_shards + 2; i++) pointers[i] = shards[i];
    if (pq_gen(data_shards + 2, SHARD_BYTES, pointers) != 0) {
        fprintf(stderr, "pq_gen refused %d data shards\n", data_shards);
        exit(1);
    }
    vector("raid6", data_shards, 2, NULL);
}

int main(void) {
    printf("{\n  \"source\": \"ISA-L %s\",\n  \"shard_bytes\": %d,\n  \"vectors\": [", VERSION, SHARD_BYTES);
    cauchy(4, 2);
    cauchy(6, 3);
    cauchy(10, 4);
    cauchy(20, 10);
    cauchy(5, 5);
    raid6(4);
    raid6(8);
    raid6(10);
    isal_rs(4, 2);
    isal_rs(3, 8);
    isal_rs(5, 5);
    isal_rs(10, 4);
    isal_rs(21, 4);
    isal_rs(30, 3);
    printf("\n  ]\n}\n");
}
