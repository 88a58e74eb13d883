// The events of a file in our own format, without its header.
#pragma once

#include <functional>
#include <vector>

#include "rows.hpp"

namespace splitbrain {

class Ours {
public:
    Interned texts;
    Pairing pairing;
    // Where lines begin and end that are neither invocations nor completions.
    std::vector<int64_t> others;

    // Reads all lines from `begin` on. `pause` is called now and then.
    void read(Text data, size_t begin, const std::function<void()>& pause) {
        for (size_t lines = 1; begin < data.size(); ++lines) {
            size_t end = data.find('\n', begin);
            if (end == Text::npos) end = data.size();
            const Text line = data.substr(begin, end - begin);
            if (line.find_first_not_of(" \t\r") != Text::npos && !read_event(line)) {
                others.push_back(static_cast<int64_t>(begin));
                others.push_back(static_cast<int64_t>(end));
            }
            begin = end + 1;
            if (lines % 20000 == 0) pause();
        }
    }

private:
    enum Name { type, operation, process, time, f, key, input, node, output, error, names };

    static Name name_of(Text text) {
        static constexpr Text known[names] = {"type", "operation", "process", "time",   "f",
                                              "key",  "input",     "node",    "output", "error"};
        for (int name = 0; name < names; ++name)
            if (text == known[name]) return static_cast<Name>(name);
        return names;
    }

    // False if the line holds a field that no invocation and no completion has.
    bool read_event(Text line) {
        Text values[names];
        Text name, value;
        unsigned given = 0;
        for (Fields fields(line); fields.next(name, value);) {
            const Name known = name_of(name);
            if (known == names) return false;
            require(!(given & 1u << known));
            given |= 1u << known;
            values[known] = value;
        }
        constexpr unsigned always = 1u << type | 1u << operation | 1u << process | 1u << time;
        constexpr unsigned asked = always | 1u << f;
        require((given & always) == always);
        const int64_t number = integer(values[operation]), of = integer(values[process]), at = integer(values[time]);
        if (values[type] == "\"invoke\"") {
            require((given & asked) == asked && !(given & (1u << output | 1u << error)));
            pairing.invoke({number, of, at, text(values[f]), text(values[key]), text(values[input]),
                            text(values[node])});
        } else {
            require(!(given & ~(always | 1u << output | 1u << error)));
            pairing.complete({number, of, at, outcome(values[type]), text(values[output]), text(values[error])});
        }
        return true;
    }

    static Outcome outcome(Text type) {
        if (type == "\"ok\"") return ok;
        if (type == "\"fail\"") return fail;
        require(type == "\"info\"");
        return info;
    }

    int32_t text(Text value) { return value.empty() ? 0 : texts.number(value); }
};

}  // namespace splitbrain
