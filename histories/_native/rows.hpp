// The operations of a history in columns, one row for each in the order of the invocations, and how events fill them.
#pragma once

#include <vector>

#include "interned.hpp"

namespace splitbrain {

enum Outcome : uint8_t { ok = 0, fail = 1, info = 2 };

inline Outcome outcome_of(Text type) {
    if (type == "\"ok\"") return ok;
    if (type == "\"fail\"") return fail;
    require(type == "\"info\"");
    return info;
}

// An operation that has not been completed has this return, and this time of completion.
constexpr int32_t never = INT32_MAX;
constexpr int64_t no_time = INT64_MIN;

// `f`, `key`, `input`, `output`, `node` and `error` are numbers of texts; `call` and `ret` are positions in the order of
// events; times are nanoseconds.
class Rows {
public:
    std::vector<int64_t> process, invoked, completed;
    std::vector<int32_t> f, key, input, output, node, error, call, ret;
    std::vector<uint8_t> outcome;

    int64_t size() const { return static_cast<int64_t>(process.size()); }

    void invoke(int64_t by, int64_t time, int32_t what, int32_t on, int32_t given, int32_t through) {
        require(size() < 1 << 30);
        process.push_back(by);
        invoked.push_back(time);
        completed.push_back(no_time);
        f.push_back(what);
        key.push_back(on);
        input.push_back(given);
        output.push_back(0);
        node.push_back(through);
        error.push_back(0);
        call.push_back(rank_++);
        ret.push_back(never);
        outcome.push_back(info);
    }

    // Raises NotPlain if the operation is completed already, or before it was invoked.
    void complete(int64_t operation, int64_t time, Outcome ended, int32_t answer, int32_t why) {
        require(operation >= 0 && operation < size());
        const auto row = static_cast<size_t>(operation);
        require(completed[row] == no_time && time != no_time && time >= invoked[row]);
        completed[row] = time;
        output[row] = answer;
        error[row] = why;
        outcome[row] = ended;
        if (ended != info) ret[row] = rank_;
        ++rank_;
    }

private:
    int32_t rank_ = 0;
};

}  // namespace splitbrain
