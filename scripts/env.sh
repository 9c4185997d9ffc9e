# Sourced by the Makefile's recipes: one set of build settings for everybody,
# because toggling any of them makes cargo rebuild RocksDB or the world.
export WEFT_CACHE=${WEFT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weft}
export PATH="$HOME/.cargo/bin:$PATH"
export ROCKSDB_LIB_DIR="$WEFT_CACHE/rocksdb-0.19.0-11.8.1-$(g++ -dumpversion 2>/dev/null || echo none)"
export ROCKSDB_STATIC=1
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$WEFT_CACHE/target}
