// Operations of one object as columns: what the engines are given.
#pragma once

#include <cstdint>
#include <limits>

namespace splitbrain {

// The return position of an operation of unknown outcome: it may take effect at any time after its call, or never.
constexpr int32_t never = std::numeric_limits<int32_t>::max();

// When operations were called and returned, as positions in the order of events; no return has the position of a call.
struct Times {
    int32_t size;
    const int32_t* call;
    const int32_t* ret;

    bool pending(int32_t operation) const { return ret[operation] == never; }
};

// read: only where the value is `a`. write: leaves `b`. cas: only where the value is `a`, leaves `b`. differs: only
// where the value is not `a`. Values are numbered from 0; an `a` of -1 is a value that is never there.
enum Kind : uint8_t { read = 0, write = 1, cas = 2, differs = 3 };

// Operations on a register.
struct Register {
    Times times;
    const uint8_t* kind;
    const int32_t* a;
    const int32_t* b;
    int32_t values;
    int32_t initial;

    // The value afterwards, or -1 where the operation is not possible.
    int32_t step(int32_t value, int32_t operation) const {
        switch (kind[operation]) {
            case read: return value == a[operation] ? value : -1;
            case write: return b[operation];
            case cas: return value == a[operation] ? b[operation] : -1;
            default: return value != a[operation] ? value : -1;
        }
    }

    bool is_valid() const {
        if (initial < 0 || initial >= values) return false;
        for (int32_t i = 0; i < times.size; ++i) {
            if (kind[i] > differs) return false;
            bool reads = kind[i] == read || kind[i] == cas, writes = kind[i] == write || kind[i] == cas;
            if (reads && (a[i] < 0 || a[i] >= values)) return false;
            if (writes && (b[i] < 0 || b[i] >= values)) return false;
        }
        return true;
    }
};

}  // namespace splitbrain
