// The registers in a history, one for each key, as columns. In Python what registers.py does.
#pragma once

#include <vector>

#include "columns.hpp"
#include "meter.hpp"

namespace splitbrain {

// The columns of a history, and what is known of the numbers in them.
struct HistoryColumns {
    int32_t size;
    const int32_t *f, *key, *input, *output, *call, *ret;
    const uint8_t* outcome;

    // What an operation with that `f` does: a Kind, or something else for what is none of a register's.
    const uint8_t* kind;
    // The same number for the same value, from 0 on; 0 is the initial one.
    const int32_t* same;
    // Those of the two parts of a pair, -1 of other values.
    const int32_t *first, *second;
    // Whether the value is false (0), true (1), or neither.
    const uint8_t* truth;
    int32_t values;

    bool is_valid() const {
        const auto is_number = [this](int32_t number) { return number >= 0 && number < values; };
        for (int32_t i = 0; i < size; ++i)
            if (!is_number(f[i]) || !is_number(key[i]) || !is_number(input[i]) || !is_number(output[i])) return false;
        return true;
    }
};

// Without failures, which did not happen, and without reads that nobody answered.
class Registers {
public:
    // For each: where it ends in the columns, how many values it has, one row of its key, how many rows in all.
    std::vector<int32_t> ends, values, examples, sizes;
    std::vector<int32_t> rows, a, b, call, ret;
    std::vector<uint8_t> kind;
    // False if an operation is not as it must be.
    bool well_formed = true;

    Registers(const HistoryColumns& given, int32_t numbers, Meter& meter)
        : given_(given), number_(numbers, -1), of_(numbers, -1) {
        meter.hold(uint64_t{40} * static_cast<uint64_t>(given.size) + uint64_t{8} * static_cast<uint64_t>(numbers));
        for (const int32_t row : by_key(meter)) {
            meter.tick();
            const int32_t key = given.same[given.key[row]];
            if (key != key_) begin(key, row);
            ++sizes.back();
            take(row);
            ends.back() = static_cast<int32_t>(rows.size());
        }
    }

private:
    enum Outcome : uint8_t { ok = 0, fail = 1 };

    // The rows in the order of first use of their keys, those of each in order.
    std::vector<int32_t> by_key(Meter& meter) const {
        std::vector<int32_t> register_of(number_.size(), -1), place{0}, sorted(static_cast<size_t>(given_.size));
        for (int32_t row = 0; row < given_.size; ++row) {
            meter.tick();
            int32_t& own = register_of[static_cast<size_t>(given_.same[given_.key[row]])];
            if (own < 0) {
                own = static_cast<int32_t>(place.size()) - 1;
                place.push_back(0);
            }
            ++place[static_cast<size_t>(own) + 1];
        }
        for (size_t i = 1; i < place.size(); ++i) place[i] += place[i - 1];
        for (int32_t row = 0; row < given_.size; ++row) {
            meter.tick();
            const int32_t own = register_of[static_cast<size_t>(given_.same[given_.key[row]])];
            sorted[static_cast<size_t>(place[static_cast<size_t>(own)]++)] = row;
        }
        return sorted;
    }

    void begin(int32_t key, int32_t row) {
        key_ = key;
        ends.push_back(0), sizes.push_back(0), examples.push_back(row), values.push_back(0);
        value(0);
    }

    // The number of a value among those of this register.
    int32_t value(int32_t same) {
        const auto at = static_cast<size_t>(same);
        if (of_[at] != key_) {
            of_[at] = key_;
            number_[at] = values.back()++;
        }
        return number_[at];
    }

    void take(int32_t row) {
        const uint8_t does = given_.kind[given_.f[row]], outcome = given_.outcome[row];
        const int32_t input = given_.input[row], output = given_.output[row];
        if (does == cas) {
            const bool answered = outcome != ok || given_.truth[output] <= 1;
            if (given_.first[input] < 0 || !answered) {
                well_formed = false;
                return;
            }
        }
        if (outcome == fail) return;
        if (does == read) {
            if (outcome == ok) add(row, read, value(given_.same[output]), -1);
        } else if (does == write) {
            add(row, write, -1, value(given_.same[input]));
        } else if (does == cas) {
            const int32_t expected = value(given_.first[input]);
            if (outcome == ok && !given_.truth[output])
                add(row, differs, expected, -1);
            else
                add(row, cas, expected, value(given_.second[input]));
        } else {
            well_formed = false;
        }
    }

    void add(int32_t row, Kind does, int32_t found, int32_t left) {
        rows.push_back(row), kind.push_back(does), a.push_back(found), b.push_back(left);
        call.push_back(given_.call[row]), ret.push_back(given_.ret[row]);
    }

    const HistoryColumns& given_;
    int32_t key_ = -1;
    std::vector<int32_t> number_, of_;
};

}  // namespace splitbrain
