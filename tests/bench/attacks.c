/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What attacks on the tracker cost: each is fed to it with few packets and with ten times as many, in turn, and
 * printed is a table in Markdown with the least CPU time of each, the memory of each packet, and the ratio.
 *
 * usage: attacks [-r ROUNDS] [-s SCALE] [-x RATIO] [NAME..]
 *        attacks --once NAME PACKETS     (for a tool that counts instructions)
 *
 * With -x the exit status is 1 when a ratio is higher. SCALE is 1 or more: with fewer packets the small run does not
 * reach the depths of look-ups, and ratios say nothing.
 */
#include "attack.h"
#include "ike_tracker.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START (1262336400 * IKE_SECOND)
#define TIMES 10u
#define LONGEST_RUN 60u /* seconds; what takes longer is counted as that */

typedef struct cost {
    double seconds; /* without those that make the packets */
    double bytes;   /* that the tracker has after the last packet */
} cost;

typedef struct settings {
    unsigned rounds;
    double scale, highest;
} settings;

static double cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double bytes_in_use(void)
{
    const struct mallinfo2 info = mallinfo2();

    return (double)info.uordblks + (double)info.hblkhd;
}

/* Makes the packets, and with a tracker feeds them. */
static void play(const attack *a, uint32_t n, ike_tracker *t)
{
    static packet p;

    for (uint32_t i = 0; i < n; i++) {
        a->make(&p, i, n);
        if (!t)
            continue;
        ike_tracker_frame(t, i + 1, START + i * a->gap);
        ike_tracker_feed_ip(t, p.bytes, a->cut ? MIN(a->cut, p.n) : p.n);
        ike_tracker_end_frame(t, true);
    }
}

static cost measure(const attack *a, uint32_t n)
{
    const double before = bytes_in_use(), began = cpu_seconds();
    double made;
    ike_tracker *t;
    cost c;

    play(a, n, NULL);
    made = cpu_seconds();
    t = ike_tracker_new(NULL);
    play(a, n, t);
    ike_tracker_finish(t);
    c.bytes = bytes_in_use() - before;
    ike_tracker_free(t);
    c.seconds = MAX(cpu_seconds() - made - (made - began), 1e-6);
    return c;
}

/* In a process of its own: no run finds memory that another one left. */
static cost measure_apart(const attack *a, uint32_t n)
{
    cost c = { 0, 0 };
    int ends[2];
    pid_t child;

    if (pipe(ends) != 0 || (child = fork()) < 0)
        exit(2);
    if (child == 0) {
        alarm(LONGEST_RUN);
        c = measure(a, n);
        _exit(write(ends[1], &c, sizeof c) == sizeof c ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &c, sizeof c) != sizeof c) {
        fprintf(stderr, "%s with %u packets came to no end\n", a->name, n);
        c.seconds = LONGEST_RUN;
    }
    close(ends[0]);
    waitpid(child, NULL, 0);
    return c;
}

/* The ratio of the large run to the small one. */
static double judge(const attack *a, const settings *s)
{
    const uint32_t few = (uint32_t)(a->few * s->scale), many = few * TIMES;
    cost small = { 0, 0 }, large = { 0, 0 };

    for (unsigned i = 0; i < s->rounds; i++) {
        const cost one = measure_apart(a, few), other = measure_apart(a, many);

        small = i == 0 || one.seconds < small.seconds ? one : small;
        large = i == 0 || other.seconds < large.seconds ? other : large;
    }
    printf("| %s | %s | %u | %.2f | %.2f | %.1f | %.0f |\n", a->name, a->what, few, small.seconds / few * 1e6,
           large.seconds / many * 1e6, large.seconds / small.seconds, large.bytes / many);
    fflush(stdout);
    return large.seconds / small.seconds;
}

/* All of them, one behind the other; NULL at the end. */
static const attack *nth_attack(size_t i)
{
    if (i < n_attacks_of_ike)
        return &attacks_of_ike[i];
    return i - n_attacks_of_ike < n_attacks_of_paths ? &attacks_of_paths[i - n_attacks_of_ike] : NULL;
}

static bool is_wanted(const attack *a, char **names)
{
    bool any = false;

    for (; *names; names++) {
        any = true;
        if (strcmp(*names, a->name) == 0)
            return true;
    }
    return !any;
}

static int judge_all(const settings *s, char **names)
{
    int status = 0;

    printf("| attack | what | packets | us each | us each of 10 times as many | ratio of times | bytes each |\n"
           "|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; nth_attack(i); i++)
        if (is_wanted(nth_attack(i), names) && judge(nth_attack(i), s) > s->highest)
            status = 1;
    return status;
}

static int once(const char *name, uint32_t n)
{
    for (size_t i = 0; nth_attack(i); i++)
        if (strcmp(nth_attack(i)->name, name) == 0) {
            const cost c = measure(nth_attack(i), n);

            printf("%s: %.3f s, %.0f bytes\n", name, c.seconds, c.bytes);
            return 0;
        }
    fprintf(stderr, "no attack is called %s\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    settings s = { .rounds = 3, .scale = 1, .highest = 1e9 };
    int option;

    if (argc == 4 && strcmp(argv[1], "--once") == 0)
        return once(argv[2], (uint32_t)atol(argv[3]));
    while ((option = getopt(argc, argv, "r:s:x:")) != -1) {
        if (option == 'r')
            s.rounds = (unsigned)MAX(atoi(optarg), 1);
        else if (option == 's')
            s.scale = atof(optarg);
        else if (option == 'x')
            s.highest = atof(optarg);
        else
            return 2;
    }
    if (!(s.scale >= 1)) {
        fprintf(stderr, "attacks: a scale below 1 makes ratios that say nothing\n");
        return 2;
    }
    return judge_all(&s, argv + optind);
}
