// Smaller register histories with the same answer: what cannot matter is left out, intervals shrink to what they can be.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "columns.hpp"
#include "meter.hpp"

namespace splitbrain {

// Rule T. First, a pending operation is left out if no operation that certainly happened, or may have, finds what it
// wrote. Second, a value that only one operation can have written was written before anybody who found it had returned,
// and was found after its writer was called. (etcd's robustness tests do the same with the help of a write-ahead log;
// here the history itself is enough.)
class Tightened {
public:
    std::vector<int32_t> kept;       // the operations that are left, in their order
    std::vector<int32_t> call, ret;  // of those

    Tightened(const Register& columns, Meter& meter) : columns_(columns), times_(columns.times), meter_(meter) {
        meter.hold(32 * static_cast<uint64_t>(times_.size) + 16 * static_cast<uint64_t>(columns.values));
        keep_observed();
        call_.reserve(times_.size), ret_.reserve(times_.size);
        for (int32_t i = 0; i < times_.size; ++i) {
            meter.tick();
            call_.push_back(times_.call[i]), ret_.push_back(times_.ret[i]);
        }
        find_sources();
        lower_returns();
        const bool possible = raise_calls() && is_possible();  // if not, the engine will find out
        kept.reserve(times_.size), call.reserve(times_.size), ret.reserve(times_.size);
        for (int32_t i = 0; i < times_.size; ++i) {
            meter.tick();
            if (!keep_[i]) continue;
            kept.push_back(i);
            call.push_back(possible ? call_[i] : times_.call[i]);
            ret.push_back(possible ? ret_[i] : times_.ret[i]);
        }
    }

private:
    static constexpr int32_t nobody = -1;

    bool reads(int32_t i) const { return columns_.kind[i] == read || columns_.kind[i] == cas; }
    bool writes(int32_t i) const { return columns_.kind[i] == write || columns_.kind[i] == cas; }

    void keep_observed() {
        keep_ = filled<bool>(times_.size, true, meter_);
        std::vector<int32_t> last_found = filled<int32_t>(columns_.values, -1, meter_);  // when it last returned
        std::vector<int32_t> first = filled<int32_t>(columns_.values, nobody, meter_);   // pending writers of each
        std::vector<int32_t> next = filled<int32_t>(times_.size, nobody, meter_);
        int32_t last_differs = -1;
        for (int32_t i = 0; i < times_.size; ++i) {
            meter_.tick();
            if (times_.pending(i)) {
                keep_[i] = false;
                if (!writes(i)) continue;
                next[i] = first[columns_.b[i]];
                first[columns_.b[i]] = i;
            } else if (reads(i)) {
                last_found[columns_.a[i]] = std::max(last_found[columns_.a[i]], times_.ret[i]);
            } else if (columns_.kind[i] == differs) {
                last_differs = std::max(last_differs, times_.ret[i]);
            }
        }
        std::vector<int32_t> work = filled<int32_t>(columns_.values, 0, meter_);
        std::iota(work.begin(), work.end(), 0);
        while (!work.empty()) {
            meter_.tick();
            const int32_t value = work.back();
            work.pop_back();
            for (int32_t i = first[value]; i != nobody; i = next[i]) {
                if (keep_[i] || times_.call[i] > std::max(last_found[value], last_differs)) continue;
                keep_[i] = true;
                if (columns_.kind[i] != cas || last_found[columns_.a[i]] == never) continue;
                last_found[columns_.a[i]] = never;
                work.push_back(columns_.a[i]);
            }
        }
    }

    // For each operation that found a value, the only operation that can have written it.
    void find_sources() {
        constexpr int32_t several = -2;
        std::vector<int32_t> writer = filled<int32_t>(columns_.values, nobody, meter_);
        writer[columns_.initial] = several;
        for (int32_t i = 0; i < times_.size; ++i) {
            meter_.tick();
            if (keep_[i] && writes(i)) writer[columns_.b[i]] = writer[columns_.b[i]] == nobody ? i : several;
        }
        source_ = filled<int32_t>(times_.size, nobody, meter_);
        for (int32_t i = 0; i < times_.size; ++i) {
            meter_.tick();
            if (keep_[i] && reads(i) && writer[columns_.a[i]] != i)
                source_[i] = std::max(writer[columns_.a[i]], nobody);
        }
    }

    void lower_returns() {
        std::vector<int32_t> by_return;
        for (int32_t i = 0; i < times_.size; ++i) {
            meter_.tick();
            if (source_[i] != nobody && ret_[i] != never) by_return.push_back(i);
        }
        std::sort(by_return.begin(), by_return.end(), [this](int32_t x, int32_t y) {
            meter_.tick();
            return ret_[x] < ret_[y];
        });
        // In this order none is lowered twice, and the walk ends on circles too.
        for (int32_t operation : by_return)
            for (int32_t i = operation; source_[i] != nobody && ret_[source_[i]] > ret_[i]; i = source_[i]) {
                meter_.tick();
                ret_[source_[i]] = ret_[i];
            }
    }

    // False where operations need each other in a circle.
    bool raise_calls() {
        enum Mark : uint8_t { untouched, under_way, done };
        std::vector<uint8_t> mark = filled<uint8_t>(times_.size, untouched, meter_);
        std::vector<int32_t> path;
        for (int32_t start = 0; start < times_.size; ++start) {
            meter_.tick();
            int32_t i = start;
            for (; i != nobody && mark[i] == untouched; i = source_[i]) {
                meter_.tick();
                mark[i] = under_way;
                path.push_back(i);
            }
            if (i != nobody && mark[i] == under_way) return false;
            for (; !path.empty(); path.pop_back()) {
                const int32_t each = path.back();
                if (source_[each] != nobody) call_[each] = std::max(call_[each], call_[source_[each]]);
                mark[each] = done;
            }
        }
        return true;
    }

    bool is_possible() const {
        for (int32_t i = 0; i < times_.size; ++i) {
            meter_.tick();
            if (keep_[i] && ret_[i] < call_[i]) return false;
        }
        return true;
    }

    const Register& columns_;
    const Times& times_;
    Meter& meter_;
    std::vector<bool> keep_;
    std::vector<int32_t> source_, call_, ret_;
};

}  // namespace splitbrain
