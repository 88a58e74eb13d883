// Files of other recorders: events in real-time order, and paired operations. Plain is who numbers processes, and tells
// apart by them which operation a completion is of.
#pragma once

#include <algorithm>
#include <tuple>

#include "processes.hpp"
#include "rows.hpp"

namespace splitbrain {

// What both give. Of outputs it is for others to say what they mean.
class Foreign {
public:
    Interned texts;
    Rows rows;
    Processes processes;
    std::vector<int64_t> others;
    int64_t connect_errors = 0;
    // For each text, where it stands: see Place.
    std::vector<uint8_t> places;

protected:
    enum Place : uint8_t { elsewhere = 0, as_name = 1, as_node = 2, as_error = 4 };

    int32_t text(Text value, Place place = elsewhere) {
        const int32_t number = texts.number(value);
        if (static_cast<size_t>(number) >= places.size()) places.resize(static_cast<size_t>(number) + 1);
        places[static_cast<size_t>(number)] |= place;
        return number;
    }

    void finish() {
        for (int64_t& process : rows.process) process = processes.number_of(process);
    }
};

class Events : public Foreign {
public:
    void read(Text data, size_t begin, const std::function<void()>& pause) {
        each_line(data, begin, 1, pause, [&](Text line, size_t at, int64_t number) {
            Text values[names];
            named_fields(line, known, values, texts);
            if (values[process] == "\"nemesis\"") {
                others.push_back(static_cast<int64_t>(at));
                others.push_back(static_cast<int64_t>(at + line.size()));
            } else {
                read_event(values, number);
            }
        });
        finish();
    }

private:
    enum Name { process, type, time, f, key, value, node, error, names };
    static constexpr Text known[names] = {"process", "type", "t", "f", "key", "value", "node", "error"};

    void read_event(const Text (&values)[names], int64_t line) {
        const int64_t by = integer(values[process]), at = integer(values[time]);
        processes.see(by);
        const int32_t what = text(values[f], as_name), on = text(values[key]), said = text(values[value]);
        const int32_t through = text(values[node], as_node), why = text(values[error], as_error);
        if (values[type] == "\"connect-error\"") {
            ++connect_errors;
            return;
        }
        auto [open, first] = open_.try_emplace(by, -1);
        if (values[type] == "\"invoke\"") {
            require(what != 0 && open->second < 0);
            open->second = rows.size();
            rows.invoke(processes.take(by, line), at, what, on, said, through);
            return;
        }
        require(open->second >= 0);
        const auto row = static_cast<size_t>(open->second);
        require(!what || (rows.f[row] == what && (!on || rows.key[row] == on)));
        const Outcome outcome = outcome_of(values[type]);
        rows.complete(open->second, at, outcome, outcome == ok ? said : 0, why);
        if (outcome == info)
            processes.retire(by);
        else
            processes.give_back(by, rows.process[row]);
        open->second = -1;
    }

    // The operation that each process has open, or -1.
    std::unordered_map<int64_t, int64_t> open_;
};

class Paired : public Foreign {
public:
    void read(Text data, size_t begin, const std::function<void()>& pause) {
        each_line(data, begin, 1, pause, [&](Text line, size_t, int64_t number) { read_row(line, number); });
        std::vector<Moment> moments;
        for (size_t i = 0; i < given_.size(); ++i) {
            moments.push_back({given_[i].call, false, static_cast<int32_t>(i)});
            if (given_[i].ret != no_time) moments.push_back({given_[i].ret, true, static_cast<int32_t>(i)});
        }
        std::sort(moments.begin(), moments.end());
        require_untied(moments);
        int64_t done = 0;
        for (const Moment& moment : moments) {
            if (++done % 20000 == 0) pause();
            take_place(moment);
        }
        finish();
    }

private:
    enum Name { client, op, call, ret, key, in, out, node, names };

    struct Given {
        int64_t client, call, ret, line, operation;
        int32_t f, key, input, output, node;
    };

    struct Moment {
        int64_t time;
        bool is_return;
        int32_t row;

        bool operator<(const Moment& other) const {
            if (time != other.time) return time < other.time;
            return is_return != other.is_return ? other.is_return : row < other.row;
        }
    };

    void read_row(Text line, int64_t number) {
        static constexpr Text known[names] = {"client", "op", "call", "return", "key", "in", "out", "node"};
        Text values[names];
        named_fields(line, known, values, texts);
        Given row{};
        row.client = integer(values[client]), row.call = integer(values[call]), row.line = number;
        row.ret = values[ret] == "null" ? no_time : integer(values[ret]);
        require(!values[op].empty() && (row.ret == no_time || row.ret >= row.call) && given_.size() < 1u << 30);
        row.f = text(values[op], as_name), row.key = text(values[key]), row.node = text(values[node], as_node);
        row.input = text(values[in]), row.output = text(values[out]);
        processes.see(row.client);
        given_.push_back(row);
    }

    // At one time, calls come before returns: plain is where no client does it in another order, as one does that returns
    // and then calls again.
    void require_untied(const std::vector<Moment>& moments) const {
        const auto client_of = [this](const Moment& moment) { return given_[static_cast<size_t>(moment.row)].client; };
        const auto by_client = [&](const Moment& x, const Moment& y) { return client_of(x) < client_of(y); };
        std::vector<Moment> tied;
        for (size_t i = 0, end; i < moments.size(); i = end) {
            for (end = i + 1; end < moments.size() && moments[end].time == moments[i].time;) ++end;
            if (end == i + 1) continue;
            tied.assign(moments.begin() + static_cast<ptrdiff_t>(i), moments.begin() + static_cast<ptrdiff_t>(end));
            std::stable_sort(tied.begin(), tied.end(), by_client);
            for (size_t j = 1; j < tied.size(); ++j)
                require(client_of(tied[j]) != client_of(tied[j - 1]) || step(tied[j - 1]) < step(tied[j]));
        }
    }

    // Sorts what one client does at one time: returns of earlier calls, then what is called and returns, then calls.
    std::tuple<int, int32_t, bool> step(const Moment& moment) const {
        const Given& row = given_[static_cast<size_t>(moment.row)];
        if (row.call == row.ret) return {1, moment.row, moment.is_return};
        return {moment.is_return ? 0 : 2, moment.row, moment.is_return};
    }

    void take_place(const Moment& moment) {
        Given& row = given_[static_cast<size_t>(moment.row)];
        if (moment.is_return) {
            rows.complete(row.operation, row.ret, ok, row.output, 0);
            processes.give_back(row.client, rows.process[static_cast<size_t>(row.operation)]);
            return;
        }
        row.operation = rows.size();
        rows.invoke(processes.take(row.client, row.line), row.call, row.f, row.key, row.input, row.node);
        if (row.ret == no_time) processes.retire(row.client);
    }

    std::vector<Given> given_;
};

}  // namespace splitbrain
