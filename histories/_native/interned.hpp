// Texts by number: each is kept once.
#pragma once

#include <string>
#include <vector>

#include "scan.hpp"

namespace splitbrain {

class Interned {
public:
    Interned() : slots_(1 << 12, empty) { number("null"); }

    // The number of the text; that of `null`, and of none, is 0. The text has to outlive this.
    int32_t number(Text text) {
        if (text.empty()) return 0;
        const uint64_t hash = hash_of(text);
        size_t slot = hash & (slots_.size() - 1);
        for (int tried = 0; slots_[slot] != empty; slot = (slot + 1) & (slots_.size() - 1)) {
            require(++tried < patience);
            const Entry& entry = entries_[slots_[slot]];
            if (entry.hash == static_cast<uint32_t>(hash >> 32) && entry.text == text) return slots_[slot];
        }
        require(entries_.size() < limit);
        const auto found = static_cast<int32_t>(entries_.size());
        slots_[slot] = found;
        entries_.push_back({text, static_cast<uint32_t>(hash >> 32)});
        if (2 * entries_.size() > slots_.size()) grow();
        return found;
    }

    // All texts in the order of their numbers, as one list.
    std::string list() const {
        size_t size = 1;
        for (const Entry& entry : entries_) size += entry.text.size() + 1;
        std::string joined;
        joined.reserve(size);
        for (const Entry& entry : entries_) {
            joined += joined.empty() ? '[' : ',';
            joined += entry.text;
        }
        return joined += ']';
    }

private:
    static constexpr int32_t empty = -1;
    static constexpr size_t limit = size_t{1} << 30;
    // Only texts chosen to collide are that many in a row.
    static constexpr int patience = 1000;

    struct Entry {
        Text text;
        uint32_t hash;
    };

    // Mixes eight bytes at a time.
    static uint64_t hash_of(Text text) {
        uint64_t hash = text.size() * 0x9e3779b97f4a7c15;
        const char* at = text.data();
        size_t left = text.size();
        for (; left >= 8; at += 8, left -= 8) hash = mixed(hash, word(at, 8));
        return left ? mixed(hash, word(at, left)) : hash ^ hash >> 32;
    }

    static uint64_t word(const char* at, size_t size) {
        uint64_t found = 0;
        std::memcpy(&found, at, size);
        return found;
    }

    static uint64_t mixed(uint64_t hash, uint64_t more) {
        hash = (hash ^ more) * 0xff51afd7ed558ccd;
        return hash ^ hash >> 29;
    }

    void grow() {
        slots_.assign(2 * slots_.size(), empty);
        for (size_t number = 0; number < entries_.size(); ++number) {
            size_t slot = hash_of(entries_[number].text) & (slots_.size() - 1);
            while (slots_[slot] != empty) slot = (slot + 1) & (slots_.size() - 1);
            slots_[slot] = static_cast<int32_t>(number);
        }
    }

    std::vector<int32_t> slots_;
    std::vector<Entry> entries_;
};

// The values of those fields of a line that have one of the names; nothing where there is none. False if there are others.
template <size_t Names>
bool named_fields(Text line, const Text (&names)[Names], Text (&values)[Names]) {
    bool all = true;
    Text name, value;
    for (Fields fields(line); fields.next(name, value);) {
        size_t known = 0;
        while (known < Names && name != names[known]) ++known;
        if (known == Names) {
            all = false;
        } else {
            require(values[known].empty());
            values[known] = value;
        }
    }
    return all;
}

// Whether it is certainly text, without a quote in it.
inline bool is_plain_text(Text text) {
    for (char c : text)
        if (c < ' ' || c > '~' || c == '"' || c == '\\') return false;
    return true;
}

// The same, with other fields passed over. What they hold is kept with the texts, so that it is known to be JSON.
template <size_t Names>
void named_fields(Text line, const Text (&names)[Names], Text (&values)[Names], Interned& texts) {
    Text name, value;
    for (Fields fields(line); fields.next(name, value);) {
        size_t known = 0;
        while (known < Names && name != names[known]) ++known;
        if (known < Names) {
            require(values[known].empty());
            values[known] = value;
        } else {
            require(is_plain_text(name));
            if (value[0] != '"' || !is_plain_text(value.substr(1, value.size() - 2))) texts.number(value);
        }
    }
}

}  // namespace splitbrain
