#include <cstdio>
int main() { std::puts("ingot"); }
