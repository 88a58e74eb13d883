// One line of JSON Lines, cut into the fields of its object. Values are not looked into: they are kept as text.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>

namespace splitbrain {

using Text = std::string_view;

// Thrown at whatever is not plain. Who reads plain lines only leaves the rest, and what is wrong with it, to others.
struct NotPlain {};

inline void require(bool plain) {
    if (!plain) throw NotPlain{};
}

// Calls `body(line, begin, number)` for each line from `begin` on that is not blank, where it begins, and which (from 1)
// it is if the first is `number`. `pause` is called now and then.
template <class Body>
void each_line(Text data, size_t begin, int64_t number, const std::function<void()>& pause, Body body) {
    for (; begin < data.size(); ++number) {
        size_t end = data.find('\n', begin);
        if (end == Text::npos) end = data.size();
        const Text line = data.substr(begin, end - begin);
        if (line.find_first_not_of(" \t\r") != Text::npos) body(line, begin, number);
        begin = end + 1;
        if (number % 20000 == 0) pause();
    }
}

// Goes through the fields of one object.
class Fields {
public:
    explicit Fields(Text line) : at_(line.data()), end_(line.data() + line.size()) {
        skip_space();
        take('{');
        skip_space();
        require(peek() == '"');  // not even an empty object is plain
    }

    // The next field, if there is one.
    bool next(Text& name, Text& value) {
        if (done_) return false;
        name = string();
        require(name.find('\\') == Text::npos);
        name = name.substr(1, name.size() - 2);
        skip_space();
        take(':');
        skip_space();
        value = any();
        skip_space();
        if (peek() == ',') {
            ++at_;
            skip_space();
        } else {
            take('}');
            skip_space();
            require(at_ == end_);
            done_ = true;
        }
        return true;
    }

private:
    char peek() const {
        require(at_ < end_);
        return *at_;
    }

    void take(char wanted) {
        require(peek() == wanted);
        ++at_;
    }

    void skip_space() {
        while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
    }

    Text since(const char* begin) const { return {begin, static_cast<size_t>(at_ - begin)}; }

    Text string() {
        const char* begin = at_;
        take('"');
        while (peek() != '"') at_ += *at_ == '\\' ? 2 : 1;
        ++at_;
        return since(begin);
    }

    Text any() {
        const char* begin = at_;
        if (peek() == '"') return string();
        if (peek() == '[') return list();
        while (at_ < end_ && is_of_atom(*at_)) ++at_;
        require(at_ > begin);
        return since(begin);
    }

    static bool is_of_atom(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
    }

    // A list, with whatever is in it but objects: those are no values.
    Text list() {
        const char* begin = at_;
        int depth = 0;
        do {
            const char next = peek();
            require(next != '{' && next != '}');
            if (next == '"') {
                string();
                continue;
            }
            depth += (next == '[') - (next == ']');
            ++at_;
        } while (depth > 0);
        return since(begin);
    }

    const char *at_, *end_;
    bool done_ = false;
};

// An integer of 64 bits, written as JSON writes it.
inline int64_t integer(Text text) {
    const bool negative = !text.empty() && text[0] == '-';
    const Text digits = text.substr(negative);
    require(!digits.empty() && digits.size() <= 19 && (digits[0] != '0' || text.size() == 1));
    uint64_t value = 0;
    for (char digit : digits) {
        require(digit >= '0' && digit <= '9');
        value = 10 * value + static_cast<uint64_t>(digit - '0');
    }
    require(value <= INT64_MAX);
    return negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
}

}  // namespace splitbrain
