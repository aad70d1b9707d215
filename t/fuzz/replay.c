
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>


/*
 * Runs a target without libFuzzer, once with each of the files and of those
 * in the directories that are named.  One that breaks aborts; its name is the
 * last one printed.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static unsigned run_directory(const char *path);
static unsigned run(const char *path);


int
main(int argc, char **argv)
{
    int          i;
    unsigned     n;
    struct stat  sb;

    if (LLVMFuzzerInitialize) {
        (void) LLVMFuzzerInitialize(&argc, &argv);
    }

    setvbuf(stdout, NULL, _IOLBF, 0);

    n = 0;

    for (i = 1; i < argc; i++) {

        if (stat(argv[i], &sb) == -1) {
            perror(argv[i]);
            return 1;
        }

        n += S_ISDIR(sb.st_mode) ? run_directory(argv[i]) : run(argv[i]);
    }

    /* no input proves nothing */

    printf("1..%u\n", n);

    return (n == 0);
}


static unsigned
run_directory(const char *path)
{
    int              i, n;
    char             name[4096];
    unsigned         total;
    struct dirent  **entries;

    n = scandir(path, &entries, NULL, alphasort);

    if (n == -1) {
        perror(path);
        exit(1);
    }

    total = 0;

    for (i = 0; i < n; i++) {

        if (entries[i]->d_name[0] != '.') {
            snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
            total += run(name);
        }

        free(entries[i]);
    }

    free(entries);

    return total;
}


static unsigned
run(const char *path)
{
    FILE         *file;
    long          size;
    uint8_t      *data;
    const char   *name;

    static unsigned  number;

    name = strrchr(path, '/');
    name = name ? name + 1 : path;

    printf("# %s\n", name);

    file = fopen(path, "rb");

    if (file == NULL || fseek(file, 0, SEEK_END) == -1
        || (size = ftell(file)) == -1)
    {
        perror(path);
        exit(1);
    }

    rewind(file);

    data = malloc(size ? size : 1);

    if (data == NULL || fread(data, 1, size, file) != (size_t) size) {
        perror(path);
        exit(1);
    }

    fclose(file);

    (void) LLVMFuzzerTestOneInput(data, size);

    free(data);

    printf("ok %u - %s\n", ++number, name);

    return 1;
}
