// The integer kernel of the interpreter benchmark: heap sort, CRC-16, CRC-32, a finite-state machine and an integer
// matrix product. integer-kernel.lst is the listing of
//   gcc -O2 -ffreestanding -mno-sse -mgeneral-regs-only -fcf-protection=none -fno-pic -mcmodel=small -nostdlib -static
// linked at 0x100000, .bss at 0x101000. entry(rounds) returns the hash in RAX.
typedef unsigned long u64; typedef unsigned int u32; typedef unsigned char u8; typedef unsigned short u16;
static u32 a[4096]; static int ma[48][48], mb[48][48], mc[48][48];
static u8 buf[4096]; static u32 t32[256];
static u64 seed;
static u32 rnd(void){ seed = seed*6364136223846793005ul+1442695040888963407ul; return seed>>33; }
static void sift(u32*v,int lo,int n){ u32 x=v[lo]; int c; while((c=2*lo+1)<n){ if(c+1<n && v[c+1]>v[c]) c++; if(v[c]<=x) break; v[lo]=v[c]; lo=c;} v[lo]=x; }
static void heapsort(u32*v,int n){ for(int i=n/2-1;i>=0;i--) sift(v,i,n); for(int i=n-1;i>0;i--){u32 t=v[0];v[0]=v[i];v[i]=t; sift(v,0,i);} }
static u16 crc16(const u8*p,int n){ u16 c=0xffff; for(int i=0;i<n;i++){ c^=p[i]; for(int k=0;k<8;k++) c = (c&1)?(c>>1)^0xA001:c>>1; } return c; }
static u32 crc32(const u8*p,int n){ u32 c=~0u; for(int i=0;i<n;i++) c = t32[(c^p[i])&255]^(c>>8); return ~c; }
static u32 fsm(const u8*p,int n){ u32 s=0,cnt=0; for(int i=0;i<n;i++){ u8 ch=p[i]; switch(s){ case 0: s = ch<64?1:ch<128?2:0; break; case 1: s= (ch&1)?3:0; cnt++; break; case 2: s = ch>200?0:3; break; case 3: s = (ch&3); cnt+=2; break; } } return cnt*4+s; }
u64 __attribute__((section(".start"))) entry(u64 rounds){
  u64 h=0; seed=42;
  for(u32 i=0;i<256;i++){ u32 c=i; for(int k=0;k<8;k++) c=(c&1)?(c>>1)^0xEDB88320u:c>>1; t32[i]=c; }
  for(u64 r=0;r<rounds;r++){
    for(int i=0;i<4096;i++) a[i]=rnd();
    heapsort(a,4096);
    for(int i=0;i<4096;i++) { buf[i]=a[i]>>7; }
    h = h*31 + crc16(buf,4096); h = h*31 + crc32(buf,4096); h=h*31+fsm(buf,4096);
    for(int i=0;i<48;i++) for(int j=0;j<48;j++){ ma[i][j]=rnd()&1023; mb[i][j]=rnd()&1023; }
    for(int i=0;i<48;i++) for(int j=0;j<48;j++){ int s=0; for(int k=0;k<48;k++) s+=ma[i][k]*mb[k][j]; mc[i][j]=s; }
    h = h*31 + mc[(r*7)%48][(r*11)%48];
  }
  return h; }
