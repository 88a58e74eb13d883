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

    // Whether the kind and values of the operation are among those that there are.
    bool is_valid(int32_t operation) const {
        if (kind[operation] > differs) return false;
        const bool reads = kind[operation] == read || kind[operation] == cas;
        const bool writes = kind[operation] == write || kind[operation] == cas;
        if (reads && (a[operation] < 0 || a[operation] >= values)) return false;
        return !writes || (b[operation] >= 0 && b[operation] < values);
    }
};

}  // namespace splitbrain
