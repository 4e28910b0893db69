// A model that tl2cgen turned into C, asked line by line on one thread: the counterpart of kernel-timer. Compiled
// together with that C, whose header.h says whether it works in float or double.
//
//     tl2cgen_timer ROWS FEATURES
#define _GNU_SOURCE
#include "header.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

int main(int count, char **words) {
    if (count != 3) return 2;
    long features = atol(words[2]);
    FILE *file = fopen(words[1], "rb");
    if (file == NULL || features <= 0) return 1;
    fseek(file, 0, SEEK_END);
    long total = ftell(file) / (long)sizeof(float) / features;
    rewind(file);
    float *rows = malloc((size_t)(total * features) * sizeof(float));
    union Entry *entries = malloc((size_t)features * sizeof(union Entry));
    if (rows == NULL || entries == NULL) return 1;
    if (fread(rows, sizeof(float) * (size_t)features, (size_t)total, file) != (size_t)total) return 1;
    fclose(file);

    // The generated code adds to what is there.
    RESULT result[64];
    char line[4096], path[4000];
    long batch;
    double seconds;
    int width;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "time %ld %lf", &batch, &seconds) == 2) {
            long calls = 0;
            double start = now(), elapsed = 0;
            while (elapsed < seconds) {
                for (long look = 0; look < 64; look++, calls++) {
                    const float *row = rows + calls % (total < 1024 ? total : 1024) * features;
                    for (long index = 0; index < features; index++) entries[index].fvalue = row[index];
                    memset(result, 0, sizeof result);
                    memset(result, 0, sizeof result);
                predict(entries, 0, result);
                }
                elapsed = now() - start;
            }
            printf("%f\n", elapsed * 1e9 / (double)calls);
        } else if (sscanf(line, "answers %d %3999s", &width, path) == 2) {
            FILE *out = fopen(path, "wb");
            if (out == NULL) return 1;
            for (long row = 0; row < total; row++) {
                for (long index = 0; index < features; index++) entries[index].fvalue = rows[row * features + index];
                memset(result, 0, sizeof result);
                predict(entries, 0, result);
                for (int index = 0; index < width; index++) {
                    double number = result[index];
                    fwrite(&number, sizeof number, 1, out);
                }
            }
            fclose(out);
            printf("%d\n", width);
        }
        fflush(stdout);
    }
    return 0;
}
