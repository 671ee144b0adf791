DROP TABLE benchmarks;
