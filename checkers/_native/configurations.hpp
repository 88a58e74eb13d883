// The configurations that a search has seen.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

namespace splitbrain {

// A set of (position, state, mask, used), that takes no member which another one dominates: the same but for `used`,
// and no crashed operation used more often (rule C). Without dominance, only equal ones are refused.
//
// Many small tables instead of a large one, so that growing never takes long.
class Configurations {
public:
    Configurations(int words, int classes, bool dominance)
        : words_(words), packed_((classes + 3) / 4), stride_(1 + words + (packed_ ? 1 + packed_ : 0)),
          dominance_(dominance), key_(stride_) {}

    // Whether it was taken.
    bool add(uint32_t position, int32_t state, const uint64_t* mask, const std::vector<uint16_t>& used) {
        key_[0] = static_cast<uint64_t>(position) << 32 | static_cast<uint32_t>(state);
        std::copy(mask, mask + words_, key_.begin() + 1);
        if (packed_) {
            std::fill(key_.begin() + 1 + words_, key_.end(), 0);
            std::memcpy(key_.data() + 2 + words_, used.data(), used.size() * sizeof(uint16_t));
        }
        const uint64_t hash = hash_of(key_.data());
        Shard& shard = shards_[hash >> 58];
        if (shard.slots.size() * 3 <= shard.count * 4 + 4) grow(shard);
        const size_t limit = shard.slots.size() - 1;
        size_t at = hash & limit;
        for (; shard.slots[at]; at = (at + 1) & limit) {
            uint64_t* entry = entry_of(shard, shard.slots[at]);
            if (!std::equal(entry, entry + 1 + words_, key_.begin())) continue;
            if (!packed_) return false;
            for (uint64_t* each = entry;; each = entry_of(shard, each[1 + words_])) {
                if (dominates(each)) return false;
                if (!each[1 + words_]) break;
            }
            key_[1 + words_] = entry[1 + words_];
            const uint32_t number = append(shard);  // `entry` may be gone now
            entry_of(shard, shard.slots[at])[1 + words_] = number;
            return true;
        }
        const uint32_t number = append(shard);
        shard.slots[at] = number;
        ++shard.count;
        return true;
    }

    void clear() {
        for (Shard& shard : shards_) {
            if (shard.entries.empty()) continue;
            if (shard.slots.size() > 64 && shard.count * 8 < shard.slots.size()) {
                bytes_ -= (shard.slots.size() - 16) * sizeof(uint32_t);
                shard.slots = std::vector<uint32_t>(16);
            } else {
                std::fill(shard.slots.begin(), shard.slots.end(), 0);
            }
            shard.entries.clear();
            shard.count = 0;
        }
        size_ = 0;
    }

    uint64_t size() const { return size_; }

    uint64_t bytes() const { return bytes_; }

private:
    struct Shard {
        std::vector<uint32_t> slots;  // the numbers, from 1, of the first entries of each (position, state, mask)
        std::vector<uint64_t> entries;
        size_t count = 0;
    };

    uint64_t* entry_of(Shard& shard, uint64_t number) const { return shard.entries.data() + (number - 1) * stride_; }

    // Position with state, and mask; classes of crashed operations are left out, so that one chain holds all of them.
    uint64_t hash_of(const uint64_t* entry) const {
        uint64_t hash = 0x9e3779b97f4a7c15;
        for (int i = 0; i <= words_; ++i) {
            const auto product = static_cast<unsigned __int128>(hash ^ entry[i]) * 0xd6e8feb86659fd93u;
            hash = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64) ^ hash >> 29;
        }
        return hash;
    }

    bool dominates(const uint64_t* entry) const {
        const uint64_t* theirs = entry + 2 + words_;
        const uint64_t* ours = key_.data() + 2 + words_;
        if (!dominance_) return std::equal(theirs, theirs + packed_, ours);
        const auto* x = reinterpret_cast<const uint16_t*>(theirs);
        const auto* y = reinterpret_cast<const uint16_t*>(ours);
        for (int i = 0; i < 4 * packed_; ++i)
            if (x[i] > y[i]) return false;
        return true;
    }

    uint32_t append(Shard& shard) {
        const size_t before = shard.entries.capacity();
        shard.entries.insert(shard.entries.end(), key_.begin(), key_.end());
        bytes_ += (shard.entries.capacity() - before) * sizeof(uint64_t);
        ++size_;
        return static_cast<uint32_t>(shard.entries.size() / stride_);
    }

    void grow(Shard& shard) {
        std::vector<uint32_t> slots(std::max<size_t>(16, shard.slots.size() * 2));
        const size_t limit = slots.size() - 1;
        for (uint32_t number : shard.slots) {
            if (!number) continue;
            size_t at = hash_of(entry_of(shard, number)) & limit;
            while (slots[at]) at = (at + 1) & limit;
            slots[at] = number;
        }
        bytes_ += (slots.size() - shard.slots.size()) * sizeof(uint32_t);
        shard.slots = std::move(slots);
    }

    int words_, packed_;
    size_t stride_;
    bool dominance_;
    std::vector<uint64_t> key_;
    std::array<Shard, 64> shards_;
    uint64_t size_ = 0, bytes_ = 0;
};

}  // namespace splitbrain
