// ONNX Runtime's C API with one model on one thread, asked line by line: the counterpart of kernel-timer.
//
//     onnx_timer LIBRARY MODEL INPUT OUTPUT ROWS FEATURES
//
// ROWS is a file of float32, FEATURES a row. The library has no header in its wheel, so its functions are called by
// their places in the table of version 15, which never change.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void *status;
typedef struct {
    const void **(*table)(uint32_t version);
    const char *(*version)(void);
} base;

enum {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_INTRA_THREADS = 24,
    SET_INTER_THREADS = 25,
    CREATE_TENSOR_WITH_DATA = 49,
    GET_TENSOR_MUTABLE_DATA = 51,
    CREATE_CPU_MEMORY_INFO = 69,
    RELEASE_VALUE = 96,
};

static const void **api;

static void check(status failed) {
    if (failed == NULL) return;
    fprintf(stderr, "%s\n", ((const char *(*)(status))api[GET_ERROR_MESSAGE])(failed));
    exit(1);
}

#define CALL(place, types, ...) check(((status(*) types)api[place])(__VA_ARGS__))

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void *session, *memory;
static const char *inputs[1], *outputs[1];
static float *rows;
static int64_t features;

// Predicts rows first ..< first + count, and returns the output, which the caller releases.
static void *predict(long first, long count) {
    int64_t shape[2] = {count, features};
    void *input = NULL, *output = NULL;
    CALL(CREATE_TENSOR_WITH_DATA, (void *, void *, size_t, const int64_t *, size_t, int, void **), memory,
        rows + first * features, (size_t)(count * features) * sizeof(float), shape, 2, 1, &input);
    CALL(RUN, (void *, void *, const char *const *, void *const *, size_t, const char *const *, size_t, void **), session,
        NULL, inputs, &input, 1, outputs, 1, &output);
    ((void (*)(void *))api[RELEASE_VALUE])(input);
    return output;
}

int main(int count, char **words) {
    if (count != 7) return 2;
    void *library = dlopen(words[1], RTLD_NOW);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    api = ((const base *(*)(void))dlsym(library, "OrtGetApiBase"))()->table(15);
    inputs[0] = words[3];
    outputs[0] = words[4];
    features = atol(words[6]);
    FILE *file = fopen(words[5], "rb");
    if (file == NULL || features <= 0) return 1;
    fseek(file, 0, SEEK_END);
    long total = ftell(file) / (long)sizeof(float) / features;
    rewind(file);
    rows = malloc((size_t)(total * features) * sizeof(float));
    if (rows == NULL || fread(rows, sizeof(float) * (size_t)features, (size_t)total, file) != (size_t)total) return 1;
    fclose(file);

    void *environment, *options;
    CALL(CREATE_ENV, (int, const char *, void **), 3, "timer", &environment);
    CALL(CREATE_SESSION_OPTIONS, (void **), &options);
    CALL(SET_INTRA_THREADS, (void *, int), options, 1);
    CALL(SET_INTER_THREADS, (void *, int), options, 1);
    CALL(CREATE_SESSION, (void *, const char *, void *, void **), environment, words[2], options, &session);
    CALL(CREATE_CPU_MEMORY_INFO, (int, int, void **), 1, 0, &memory);

    char line[4096], path[4000];
    long batch;
    double seconds;
    int width;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "time %ld %lf", &batch, &seconds) == 2) {
            long calls = 0, batches = total / batch < 1024 ? total / batch : 1024;
            double start = now(), elapsed = 0;
            while (elapsed < seconds) {
                for (long look = 0; look < (batch < 64 ? 64 / batch : 1); look++, calls++)
                    ((void (*)(void *))api[RELEASE_VALUE])(predict(calls % batches * batch, batch));
                elapsed = now() - start;
            }
            printf("%f\n", elapsed * 1e9 / (double)(calls * batch));
        } else if (sscanf(line, "answers %d %3999s", &width, path) == 2) {
            FILE *out = fopen(path, "wb");
            if (out == NULL) return 1;
            for (long first = 0; first < total; first++) {
                void *output = predict(first, 1);
                float *numbers;
                CALL(GET_TENSOR_MUTABLE_DATA, (void *, void **), output, (void **)&numbers);
                for (int index = 0; index < width; index++) {
                    double number = numbers[index];
                    fwrite(&number, sizeof number, 1, out);
                }
                ((void (*)(void *))api[RELEASE_VALUE])(output);
            }
            fclose(out);
            printf("%d\n", width);
        }
        fflush(stdout);
    }
    return 0;
}
