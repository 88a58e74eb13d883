// The operations of a history in columns, one row for each in the order of the invocations, and how events fill them.
#pragma once

#include <vector>

#include "interned.hpp"

namespace splitbrain {

enum Outcome : uint8_t { ok = 0, fail = 1, info = 2 };

// An operation that has not been completed has this return, and this time of completion.
constexpr int32_t never = INT32_MAX;
constexpr int64_t no_time = INT64_MIN;

// `f`, `key`, `input`, `output`, `node` and `error` are numbers of texts; `call` and `ret` are positions in the order of
// events; times are nanoseconds.
struct Rows {
    std::vector<int64_t> process, invoked, completed;
    std::vector<int32_t> f, key, input, output, node, error, call, ret;
    std::vector<uint8_t> outcome;

    size_t size() const { return process.size(); }
};

struct Invocation {
    int64_t operation, process, time;
    int32_t f, key, input, node;
};

struct Completion {
    int64_t operation, process, time;
    Outcome outcome;
    int32_t output, error;
};

// Pairs invocations with completions, by the rules of History.from_events. Plain is who counts operations from 0 on, and
// has not all too many processes.
class Pairing {
public:
    Rows rows;

    void invoke(const Invocation& event) {
        require(rows.size() < (size_t{1} << 30) && event.operation == static_cast<int64_t>(rows.size()));
        require(event.process >= 0 && event.process < (1 << 24));
        const auto process = static_cast<size_t>(event.process);
        if (process >= busy_.size()) busy_.resize(2 * process + 1);
        require(!busy_[process]);
        busy_[process] = 1;
        rows.process.push_back(event.process);
        rows.invoked.push_back(event.time);
        rows.completed.push_back(no_time);
        rows.f.push_back(event.f);
        rows.key.push_back(event.key);
        rows.input.push_back(event.input);
        rows.output.push_back(0);
        rows.node.push_back(event.node);
        rows.error.push_back(0);
        rows.call.push_back(rank_++);
        rows.ret.push_back(never);
        rows.outcome.push_back(info);
    }

    void complete(const Completion& event) {
        require(event.operation >= 0 && event.operation < static_cast<int64_t>(rows.size()));
        const auto row = static_cast<size_t>(event.operation);
        require(rows.completed[row] == no_time && event.time != no_time);
        require(rows.process[row] == event.process && event.time >= rows.invoked[row]);
        rows.completed[row] = event.time;
        rows.output[row] = event.output;
        rows.error[row] = event.error;
        rows.outcome[row] = event.outcome;
        if (event.outcome != info) {
            rows.ret[row] = rank_;
            busy_[static_cast<size_t>(event.process)] = 0;
        }
        ++rank_;
    }

private:
    // For each process, whether its operation is open, or ended with unknown outcome.
    std::vector<uint8_t> busy_;
    int32_t rank_ = 0;
};

}  // namespace splitbrain
