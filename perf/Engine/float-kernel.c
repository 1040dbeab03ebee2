// The float kernels of the interpreter benchmark: single-precision matrix product and saxpy. sse2-kernel.lst is the
// listing of
//   gcc -O2 -DBYTES=16 -msse2 -mno-sse3 -ffreestanding -fcf-protection=none -fno-pic -mcmodel=small -nostdlib -static
// and avx2-kernel.lst that of the same with -DBYTES=32 -mavx2 -mfma instead of the first three; both linked at 0x100000,
// .bss at 0x101000. entry(rounds) returns the hash in RAX.
typedef unsigned long u64; typedef unsigned int u32;
typedef float vec __attribute__((vector_size(BYTES)));
enum { N = 64, LANES = BYTES / 4, LONG = 4096 };
static float ma[N][N]; static vec mb[N][N / LANES], mc[N][N / LANES], x[LONG / LANES], y[LONG / LANES];
static u64 seed;
static float rnd(void) { seed = seed * 6364136223846793005ul + 1442695040888963407ul; return (int)(seed >> 48) - 32768; }
static u32 bits(const float *f) { u32 b; __builtin_memcpy(&b, f, 4); return b; }
static void fill(float *f, int n) { for (int i = 0; i < n; i++) f[i] = rnd() * (1.0f / 4096); }
static void matmul(void) {
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N / LANES; j++) mc[i][j] = (vec){0};
    for (int k = 0; k < N; k++) { float s = ma[i][k]; for (int j = 0; j < N / LANES; j++) mc[i][j] += s * mb[k][j]; }
  }
}
static void saxpy(float a) { for (int i = 0; i < LONG / LANES; i++) y[i] += a * x[i]; }
u64 __attribute__((section(".start"))) entry(u64 rounds) {
  u64 h = 0; seed = 42;
  fill(&ma[0][0], N * N); fill((float *)mb, N * N); fill((float *)x, LONG); fill((float *)y, LONG);
  for (u64 r = 0; r < rounds; r++) {
    ma[r % N][(r * 3) % N] += 0.125f;
    matmul();
    saxpy(ma[(r * 5) % N][r % N]);
    h = h * 31 + bits((float *)mc + (r * 711) % (N * N));
    h = h * 31 + bits((float *)y + (r * 977) % LONG);
  }
  return h; }
