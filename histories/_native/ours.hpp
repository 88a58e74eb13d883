// The events of a file in our own format, without its header. Plain is who counts operations from 0 on, and has not all
// too many processes.
#pragma once

#include "rows.hpp"

namespace splitbrain {

class Ours {
public:
    Interned texts;
    Rows rows;
    // Where lines begin and end that are neither invocations nor completions.
    std::vector<int64_t> others;

    void read(Text data, size_t begin, const std::function<void()>& pause) {
        each_line(data, begin, 1, pause, [&](Text line, size_t at, int64_t) {
            if (read_event(line)) return;
            others.push_back(static_cast<int64_t>(at));
            others.push_back(static_cast<int64_t>(at + line.size()));
        });
    }

private:
    enum Name { type, operation, process, time, f, key, input, node, output, error, names };

    // False if the line holds a field that no invocation and no completion has.
    bool read_event(Text line) {
        static constexpr Text known[names] = {"type", "operation", "process", "time",   "f",
                                              "key",  "input",     "node",    "output", "error"};
        Text values[names];
        if (!named_fields(line, known, values)) return false;
        const int64_t number = integer(values[operation]), by = integer(values[process]), at = integer(values[time]);
        if (values[type] == "\"invoke\"") {
            require(number == rows.size());
            require(!values[f].empty() && values[output].empty() && values[error].empty());
            uint8_t& busy = busy_of(by);
            require(!busy);
            busy = 1;
            rows.invoke(by, at, texts.number(values[f]), texts.number(values[key]), texts.number(values[input]),
                        texts.number(values[node]));
        } else {
            const Outcome outcome = outcome_of(values[type]);
            require(values[f].empty() && values[key].empty() && values[input].empty() && values[node].empty());
            rows.complete(number, at, outcome, texts.number(values[output]), texts.number(values[error]));
            require(rows.process[static_cast<size_t>(number)] == by);
            if (outcome != info) busy_of(by) = 0;
        }
        return true;
    }

    uint8_t& busy_of(int64_t process) {
        require(process >= 0 && process < 1 << 24);
        const auto place = static_cast<size_t>(process);
        if (place >= busy_.size()) busy_.resize(2 * place + 1);
        return busy_[place];
    }

    // For each process, whether its operation is open, or ended with unknown outcome.
    std::vector<uint8_t> busy_;
};

}  // namespace splitbrain
