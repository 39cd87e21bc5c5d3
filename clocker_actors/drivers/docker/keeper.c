/* keeper: no argument: sleep for ever, so that what is mounted stays mounted. "ls": names of the folders in /secrets, one a line. "rm NAME...": take them away. */
typedef long i64; typedef unsigned long u64; typedef unsigned short u16;
#if defined(__x86_64__)
enum { WRITE = 1, CLOSE = 3, EXIT = 60, PAUSE = 271, GETDENTS = 217, OPENAT = 257, UNLINKAT = 263, DIRECTORY = 0200000, NOFOLLOW = 0400000 };
static i64 call(i64 n, i64 a, i64 b, i64 c, i64 d) {
  register i64 r10 __asm__("r10") = d; register i64 r8 __asm__("r8") = 0; i64 r;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return r;
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall run\n");
#else
enum { WRITE = 64, CLOSE = 57, EXIT = 93, PAUSE = 73, GETDENTS = 61, OPENAT = 56, UNLINKAT = 35, DIRECTORY = 040000, NOFOLLOW = 0100000 };
static i64 call(i64 n, i64 a, i64 b, i64 c, i64 d) {
  register i64 x8 __asm__("x8") = n; register i64 x0 __asm__("x0") = a; register i64 x1 __asm__("x1") = b;
  register i64 x2 __asm__("x2") = c; register i64 x3 __asm__("x3") = d; register i64 x4 __asm__("x4") = 0;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}
__asm__(".globl _start\n_start: mov x0, sp\nb run\n");
#endif
enum { HERE = -100, REMOVEDIR = 0x200 };
struct entry { u64 inode; i64 offset; u16 size; char kind; char name[]; };
static i64 length(const char *text) { i64 n = 0; while (text[n]) n++; return n; }
static int dots(const char *name) { return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])); }
static i64 wipe(i64 folder, const char *name, int deep) {
  i64 gone = call(UNLINKAT, folder, (i64)name, 0, 0);
  if (!gone || !deep) return gone;
  i64 here = call(OPENAT, folder, (i64)name, DIRECTORY | NOFOLLOW, 0);
  if (here < 0) return gone == -2 ? 0 : here;
  char buffer[2048] __attribute__((aligned(8)));
  for (i64 turn = 0; turn < 64; turn++) {
    i64 got = call(GETDENTS, here, (i64)buffer, sizeof buffer, 0), seen = 0;
    for (i64 at = 0; at < got;) {
      struct entry *each = (struct entry *)(buffer + at);
      if (!dots(each->name)) { wipe(here, each->name, deep - 1); seen = 1; }
      at += each->size;
    }
    if (!seen) { call(CLOSE, here, 0, 0, 0); if (!call(UNLINKAT, folder, (i64)name, REMOVEDIR, 0)) return 0; here = call(OPENAT, folder, (i64)name, DIRECTORY | NOFOLLOW, 0); if (here < 0) return 1; }
  }
  call(CLOSE, here, 0, 0, 0);
  return 1;
}
__attribute__((noreturn, used)) void run(i64 *stack) {
  i64 count = stack[0]; const char **words = (const char **)(stack + 1); i64 code = 0;
  if (count < 2) for (;;) call(PAUSE, 0, 0, 0, 0);
  i64 root = call(OPENAT, HERE, (i64)"/secrets", DIRECTORY, 0);
  if (root < 0) code = 3;
  else if (words[1][0] == 'r') { for (i64 i = 2; i < count; i++) if (words[i][0] == '.' || wipe(root, words[i], 4)) code = 1; }
  else {
    char buffer[2048] __attribute__((aligned(8))); i64 got;
    while ((got = call(GETDENTS, root, (i64)buffer, sizeof buffer, 0)) > 0)
      for (i64 at = 0; at < got;) {
        struct entry *each = (struct entry *)(buffer + at); i64 n = length(each->name);
        at += each->size;
        if (dots(each->name)) continue;
        each->name[n] = '\n';
        call(WRITE, 1, (i64)each->name, n + 1, 0);
      }
  }
  for (;;) call(EXIT, code, 0, 0, 0);
}
