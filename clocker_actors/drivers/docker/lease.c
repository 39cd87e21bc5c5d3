typedef long i64; typedef unsigned long u64;
static inline i64 call(i64 n, i64 a, i64 b, i64 c, i64 d) {
  register i64 r10 __asm__("r10") = d; i64 r;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return r;
}
enum { READ = 0, WRITE = 1, POLL = 7, EXIT = 60, WAIT4 = 61, FCNTL = 72, GETTIME = 228 };
struct pollfd { int fd; short events, revents; };
static u64 now(void) { i64 t[2]; call(GETTIME, 7, (i64)t, 0, 0); return (u64)t[0] * 1000 + (u64)t[1] / 1000000; }
__attribute__((noreturn)) static void end(int code) { for (;;) call(EXIT, code, 0, 0, 0); }
__attribute__((noreturn, used)) void run(i64 *stack) {
  i64 argc = stack[0]; const char *arg = argc > 1 ? (const char *)stack[2] : "";
  u64 ttl = 0; for (; *arg >= '0' && *arg <= '9'; arg++) ttl = ttl * 10 + (u64)(*arg - '0');
  if (!ttl) end(2);
  call(FCNTL, 1, 4, 2048 | 1, 0);
  u64 until = now() + ttl, said = 0, heard = 0; int digits = 0;
  for (;;) {
    u64 at = now();
    if (at >= until) end(1);
    while (call(WAIT4, -1, 0, 1, 0) > 0) {}
    if (at - said >= 1000 || !said) {
      char line[17]; for (int i = 0; i < 16; i++) { int v = (at >> (60 - 4 * i)) & 15; line[i] = (char)(v < 10 ? '0' + v : 'a' + v - 10); }
      line[16] = '\n'; call(WRITE, 1, (i64)line, 17, 0); said = at;
    }
    struct pollfd p = {0, 1, 0};
    i64 got = call(POLL, (i64)&p, 1, 250, 0);
    if (got <= 0 || !(p.revents & 1)) { if (got > 0) call(POLL, 0, 0, 250, 0); continue; }
    char c; i64 n = call(READ, 0, (i64)&c, 1, 0);
    if (n <= 0) { call(POLL, 0, 0, 250, 0); continue; }
    int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (v >= 0) { heard = heard << 4 | (u64)v; digits++; continue; }
    if (c == '\n' && digits == 16 && heard <= now() && heard + ttl > until) until = heard + ttl;
    heard = 0; digits = 0;
  }
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall run\n");
