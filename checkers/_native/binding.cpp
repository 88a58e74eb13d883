// The native kernel as a Python module, in the limited API. What each function takes is in kernel.py.
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>

#include "rank.hpp"
#include "registers.hpp"
#include "search.hpp"
#include "tighten.hpp"
#include "verify.hpp"
#include "zones.hpp"

namespace {

using namespace splitbrain;
using Clock = std::chrono::steady_clock;

// Thrown where Python has set an exception.
struct PythonError {};

// Lets other threads run while it lives.
class WithoutGil {
public:
    WithoutGil() : state_(PyEval_SaveThread()) {}
    ~WithoutGil() { PyEval_RestoreThread(state_); }

    template <class Body>
    auto with_gil(Body body) {
        PyEval_RestoreThread(state_);
        try {
            auto result = body();
            state_ = PyEval_SaveThread();
            return result;
        } catch (...) {
            state_ = PyEval_SaveThread();
            throw;
        }
    }

private:
    PyThreadState* state_;
};

class Buffer {
public:
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() {
        if (view_.obj) PyBuffer_Release(&view_);
    }

    // `size` elements of `width` bytes, or any number of them if it is -1.
    template <class Element>
    const Element* get(PyObject* object, Py_ssize_t size = -1) {
        if (PyObject_GetBuffer(object, &view_, PyBUF_SIMPLE) < 0) throw PythonError{};
        const bool aligned = !view_.len || reinterpret_cast<uintptr_t>(view_.buf) % alignof(Element) == 0;
        if (!aligned || view_.len % sizeof(Element) || (size >= 0 && view_.len != size * static_cast<Py_ssize_t>(sizeof(Element)))) {
            PyErr_SetString(PyExc_ValueError, "columns of different lengths or of a wrong type");
            throw PythonError{};
        }
        return static_cast<const Element*>(view_.buf);
    }

    template <class Element>
    Py_ssize_t size() const {
        return view_.len / static_cast<Py_ssize_t>(sizeof(Element));
    }

private:
    Py_buffer view_{};
};

// Looks after the budget, after Ctrl-C, and after the byte that another thread may set to stop the search.
class Watch {
public:
    Watch(double seconds, const volatile uint8_t* stop, WithoutGil& gil)
        : unlimited_(!(seconds >= 0 && seconds < a_long_time)), deadline_(Clock::now()), stop_(stop), gil_(gil),
          looked_(Clock::now()) {
        if (!unlimited_) deadline_ += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    }

    Reason look() {
        const auto now = Clock::now();
        if (*stop_) return Reason::stopped;
        if (!unlimited_ && now >= deadline_) return Reason::time;
        if (now - looked_ > std::chrono::milliseconds(20)) {
            looked_ = now;
            gil_.with_gil([] {
                if (PyErr_CheckSignals() < 0) throw PythonError{};
                return 0;
            });
        }
        return Reason::none;
    }

private:
    static constexpr double a_long_time = 1e9;  // seconds; more than that the clock could not hold

    bool unlimited_;
    Clock::time_point deadline_;
    const volatile uint8_t* stop_;
    WithoutGil& gil_;
    Clock::time_point looked_;
};

struct Budget {
    double seconds = 0;
    unsigned long long bytes = 0;
    PyObject* stop = nullptr;
};

// Runs the body without the GIL and within the budget. Why it came to no end, if it did not.
template <class Body>
Reason limited(const Budget& budget, Body body) {
    Buffer stop;
    const uint8_t* flag = stop.get<uint8_t>(budget.stop, 1);
    WithoutGil gil;
    Watch watch(budget.seconds, flag, gil);
    Meter meter([&] { return watch.look(); }, budget.bytes);
    try {
        meter.look();
        body(meter, gil);
    } catch (const Spent& spent) {
        return spent.reason;
    } catch (const std::bad_alloc&) {
        return Reason::memory;
    }
    return Reason::none;
}

int32_t size_of(Py_ssize_t size) {
    if (size > std::numeric_limits<int32_t>::max() / 4) throw std::length_error("too many operations");
    return static_cast<int32_t>(size);
}

void require_positions(const Times& times, Meter& meter) {
    for (int32_t i = 0; i < times.size; ++i) {
        meter.tick();
        if (times.call[i] < 0 || times.call[i] == never || times.ret[i] < times.call[i])
            throw std::invalid_argument("an operation returns before its call");
    }
}

// A register as it comes from Python: columns, how many values there are, and the initial one.
struct RegisterArguments {
    PyObject *kind, *a, *b, *call, *ret;
    int values, initial;
};

class RegisterBuffers {
public:
    explicit RegisterBuffers(const RegisterArguments& from) {
        given_.kind = kind_.get<uint8_t>(from.kind);
        const Py_ssize_t size = kind_.size<uint8_t>();
        given_.a = a_.get<int32_t>(from.a, size);
        given_.b = b_.get<int32_t>(from.b, size);
        given_.times = {size_of(size), call_.get<int32_t>(from.call, size), ret_.get<int32_t>(from.ret, size)};
        given_.values = from.values;
        given_.initial = from.initial;
    }

    // The register, checked: what is read from it will stay in its bounds.
    const Register& checked(Meter& meter) const {
        bool valid = given_.initial >= 0 && given_.initial < given_.values;
        for (int32_t i = 0; i < given_.times.size; ++i) {
            meter.tick();
            valid = valid && given_.is_valid(i);
        }
        if (!valid) throw std::invalid_argument("a kind or value is out of range");
        require_positions(given_.times, meter);
        return given_;
    }

private:
    Register given_{};
    Buffer kind_, a_, b_, call_, ret_;
};

template <class Element>
PyObject* bytes_of(const std::vector<Element>& elements) {
    return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(elements.data()),
                                     static_cast<Py_ssize_t>(elements.size() * sizeof(Element)));
}

// Columns on their way to Python.
class Columns {
public:
    ~Columns() {
        for (PyObject* column : columns_) Py_DecRef(column);
    }

    // Add one, and release the vector.
    template <class Element>
    void add(std::vector<Element>&& elements, Meter& meter, WithoutGil& gil) {
        Element* to = add_empty<Element>(elements.size(), gil);
        for (size_t i = 0; i < elements.size(); ++i) {
            meter.tick();
            to[i] = elements[i];
        }
        std::vector<Element>().swap(elements);
    }

    // Add those elements of a column that the numbers name.
    template <class Element>
    void add_picked(const Element* column, const std::vector<int32_t>& numbers, Meter& meter, WithoutGil& gil) {
        Element* to = add_empty<Element>(numbers.size(), gil);
        for (size_t i = 0; i < numbers.size(); ++i) {
            meter.tick();
            to[i] = column[numbers[i]];
        }
    }

    // A tuple with the reason first.
    PyObject* with(Reason reason) const {
        PyObject* tuple = PyTuple_New(static_cast<Py_ssize_t>(columns_.size() + 1));
        if (!tuple) return nullptr;
        PyTuple_SetItem(tuple, 0, PyLong_FromLong(static_cast<long>(reason)));
        for (size_t i = 0; i < columns_.size(); ++i) {
            Py_IncRef(columns_[i]);
            PyTuple_SetItem(tuple, static_cast<Py_ssize_t>(i + 1), columns_[i]);
        }
        return tuple;
    }

private:
    template <class Element>
    Element* add_empty(size_t size, WithoutGil& gil) {
        return gil.with_gil([&] {
            PyObject* bytes = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size * sizeof(Element)));
            if (!bytes) throw PythonError{};
            columns_.push_back(bytes);
            return reinterpret_cast<Element*>(PyBytes_AsString(bytes));
        });
    }

    std::vector<PyObject*> columns_;
};

struct Options {
    unsigned rules = 0;
    int way = 0;
    unsigned long long patience = 0, configurations = 0;
};

// `make` makes the model from the events.
template <class MakeModel>
void search_events(const Times& times, MakeModel make, const Options& options, Meter& meter, Answer& answer) {
    const Events events = events_of(times, meter);
    auto model = make(events);
    using Model = decltype(model);
    const Layout layout(model, times, events, options.rules, meter);
    const auto search = [&](auto search) { answer = search.run(options.configurations); };
    const auto way = static_cast<Way>(options.way);
    if (layout.words() == 1)
        search(Search<Model, 1>(model, events, layout, options.rules, way, options.patience, meter));
    else
        search(Search<Model, 0>(model, events, layout, options.rules, way, options.patience, meter));
}

PyObject* result_of(const Answer& answer) {
    return Py_BuildValue("iiiNiiNK", static_cast<int>(answer.outcome), static_cast<int>(answer.way),
                         static_cast<int>(answer.reason), bytes_of(answer.order), answer.operation, answer.since,
                         bytes_of(answer.states), static_cast<unsigned long long>(answer.configurations));
}

// Runs the body, with what it throws turned into Python exceptions.
template <class Body>
PyObject* guarded(Body body) {
    try {
        return body();
    } catch (const PythonError&) {
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    }
    return nullptr;
}

PyObject* search_register(PyObject*, PyObject* arguments) {
    RegisterArguments from{};
    Options options;
    Budget budget;
    if (!PyArg_ParseTuple(arguments, "OOOOOiiIiKKdKO", &from.kind, &from.a, &from.b, &from.call, &from.ret,
                          &from.values, &from.initial, &options.rules, &options.way, &options.patience,
                          &options.configurations, &budget.seconds, &budget.bytes, &budget.stop))
        return nullptr;
    return guarded([&] {
        const RegisterBuffers buffers(from);
        Answer answer;
        const Reason reason = limited(budget, [&](Meter& meter, WithoutGil&) {
            const Register& given = buffers.checked(meter);
            const auto make = [&](const Events& events) { return RegisterModel(given, events, meter); };
            search_events(given.times, make, options, meter, answer);
        });
        if (reason != Reason::none) answer.reason = reason;
        return result_of(answer);
    });
}

PyObject* search_table(PyObject*, PyObject* arguments) {
    PyObject *code_column, *call_column, *ret_column, *pure_column, *step;
    int initial;
    Options options;
    Budget budget;
    if (!PyArg_ParseTuple(arguments, "OOOOiOIiKKdKO", &code_column, &call_column, &ret_column, &pure_column, &initial,
                          &step, &options.rules, &options.way, &options.patience, &options.configurations,
                          &budget.seconds, &budget.bytes, &budget.stop))
        return nullptr;
    return guarded([&] {
        Buffer code, call, ret, pure;
        const int32_t* codes = code.get<int32_t>(code_column);
        const Py_ssize_t size = code.size<int32_t>();
        const Times times{size_of(size), call.get<int32_t>(call_column, size), ret.get<int32_t>(ret_column, size)};
        const uint8_t* pure_codes = pure.get<uint8_t>(pure_column);
        for (Py_ssize_t i = 0; i < size; ++i)
            if (codes[i] < 0 || codes[i] >= pure.size<uint8_t>()) throw std::invalid_argument("a code is out of range");
        Answer answer;
        const Reason reason = limited(budget, [&](Meter& meter, WithoutGil& gil) {
            require_positions(times, meter);
            const auto ask = [&](int32_t state, int32_t wanted) {
                const long next = gil.with_gil([&] {
                    PyObject* result = PyObject_CallFunction(step, "ii", state, wanted);
                    if (!result) throw PythonError{};
                    const long number = PyLong_AsLong(result);
                    Py_DecRef(result);
                    if (number == -1 && PyErr_Occurred()) throw PythonError{};
                    return number;
                });
                meter.look();  // a step of a model may take its time
                return static_cast<int32_t>(next);
            };
            const auto make = [&](const Events&) { return TableModel(codes, pure_codes, initial, ask); };
            search_events(times, make, options, meter, answer);
        });
        if (reason != Reason::none) answer.reason = reason;
        return result_of(answer);
    });
}

PyObject* zones(PyObject*, PyObject* arguments) {
    RegisterArguments from{};
    Budget budget;
    if (!PyArg_ParseTuple(arguments, "OOOOOiidKO", &from.kind, &from.a, &from.b, &from.call, &from.ret, &from.values,
                          &from.initial, &budget.seconds, &budget.bytes, &budget.stop))
        return nullptr;
    return guarded([&] {
        const RegisterBuffers buffers(from);
        ZonesOutcome outcome = ZonesOutcome::inapplicable;
        std::vector<int32_t> order;
        const Reason reason = limited(budget, [&](Meter& meter, WithoutGil&) {
            Zones engine(buffers.checked(meter), meter);
            outcome = engine.run();
            if (outcome == ZonesOutcome::valid) order = std::move(engine.order);
        });
        return Py_BuildValue("iiN", static_cast<int>(outcome), static_cast<int>(reason), bytes_of(order));
    });
}

PyObject* tighten(PyObject*, PyObject* arguments) {
    RegisterArguments from{};
    Budget budget;
    if (!PyArg_ParseTuple(arguments, "OOOOOiidKO", &from.kind, &from.a, &from.b, &from.call, &from.ret, &from.values,
                          &from.initial, &budget.seconds, &budget.bytes, &budget.stop))
        return nullptr;
    return guarded([&] {
        const RegisterBuffers buffers(from);
        Columns result;
        const Reason reason = limited(budget, [&](Meter& meter, WithoutGil& gil) {
            const Register& given = buffers.checked(meter);
            Tightened tightened(given, meter);
            result.add_picked(given.kind, tightened.kept, meter, gil);
            result.add_picked(given.a, tightened.kept, meter, gil);
            result.add_picked(given.b, tightened.kept, meter, gil);
            result.add(std::move(tightened.call), meter, gil);
            result.add(std::move(tightened.ret), meter, gil);
            result.add(std::move(tightened.kept), meter, gil);
        });
        return result.with(reason);
    });
}

PyObject* rank(PyObject*, PyObject* arguments) {
    PyObject *kind_column, *a_column, *b_column, *call_column, *ret_column;
    Budget budget;
    if (!PyArg_ParseTuple(arguments, "OOOOOdKO", &kind_column, &a_column, &b_column, &call_column, &ret_column,
                          &budget.seconds, &budget.bytes, &budget.stop))
        return nullptr;
    return guarded([&] {
        Buffer kinds, as, bs, calls, rets;
        const uint8_t* given_kind = kinds.get<uint8_t>(kind_column);
        const Py_ssize_t size = kinds.size<uint8_t>();
        const int32_t *given_a = as.get<int32_t>(a_column, size), *given_b = bs.get<int32_t>(b_column, size);
        const int64_t *given_call = calls.get<int64_t>(call_column, size), *given_ret = rets.get<int64_t>(ret_column, size);
        Columns result;
        const Reason reason = limited(budget, [&](Meter& meter, WithoutGil& gil) {
            Ranked ranked(given_call, given_ret, size_of(size), meter);
            result.add_picked(given_kind, ranked.order, meter, gil);
            result.add_picked(given_a, ranked.order, meter, gil);
            result.add_picked(given_b, ranked.order, meter, gil);
            result.add(std::move(ranked.call), meter, gil);
            result.add(std::move(ranked.ret), meter, gil);
            result.add(std::move(ranked.order), meter, gil);
        });
        return result.with(reason);
    });
}

PyObject* verify(PyObject*, PyObject* arguments) {
    RegisterArguments from{};
    PyObject* order_column;
    Budget budget;
    if (!PyArg_ParseTuple(arguments, "OOOOOiiOdKO", &from.kind, &from.a, &from.b, &from.call, &from.ret, &from.values,
                          &from.initial, &order_column, &budget.seconds, &budget.bytes, &budget.stop))
        return nullptr;
    return guarded([&] {
        const RegisterBuffers buffers(from);
        Buffer order;
        const int32_t* numbers = order.get<int32_t>(order_column);
        const auto size = static_cast<size_t>(order.size<int32_t>());
        bool is_one = false;
        const Reason reason = limited(budget, [&](Meter& meter, WithoutGil&) {
            is_one = is_linearization(buffers.checked(meter), numbers, size, meter);
        });
        return Py_BuildValue("ii", static_cast<int>(is_one), static_cast<int>(reason));
    });
}

PyObject* registers(PyObject*, PyObject* arguments) {
    PyObject *columns[7], *known[5];
    int numbers;
    Budget budget;
    if (!PyArg_ParseTuple(arguments, "OOOOOOOOOOOOidKO", &columns[0], &columns[1], &columns[2], &columns[3],
                          &columns[4], &columns[5], &columns[6], &known[0], &known[1], &known[2], &known[3], &known[4],
                          &numbers, &budget.seconds, &budget.bytes, &budget.stop))
        return nullptr;
    return guarded([&] {
        Buffer column[7], of_value[5];
        HistoryColumns given{};
        given.outcome = column[6].get<uint8_t>(columns[6]);
        const Py_ssize_t size = column[6].size<uint8_t>();
        given.size = size_of(size);
        const int32_t** const targets[] = {&given.f, &given.key, &given.input, &given.output, &given.call, &given.ret};
        for (int i = 0; i < 6; ++i) *targets[i] = column[i].get<int32_t>(columns[i], size);
        given.kind = of_value[0].get<uint8_t>(known[0]);
        const Py_ssize_t values = of_value[0].size<uint8_t>();
        given.values = size_of(values);
        given.same = of_value[1].get<int32_t>(known[1], values);
        given.first = of_value[2].get<int32_t>(known[2], values);
        given.second = of_value[3].get<int32_t>(known[3], values);
        given.truth = of_value[4].get<uint8_t>(known[4], values);
        for (Py_ssize_t i = 0; i < values; ++i) {
            const auto is_number = [&](int32_t number, int32_t least) { return number >= least && number < numbers; };
            if (!is_number(given.same[i], 0) || !is_number(given.first[i], -1) || !is_number(given.second[i], -1))
                throw std::invalid_argument("a number of a value is out of range");
        }
        if (numbers < 1 || !given.is_valid()) throw std::invalid_argument("a value is out of range");
        PyObject* result = nullptr;
        const Reason reason = limited(budget, [&](Meter& meter, WithoutGil& gil) {
            const Registers found(given, numbers, meter);
            gil.with_gil([&] {
                result = Py_BuildValue("iiNNNNNNNNNN", 0, static_cast<int>(found.well_formed), bytes_of(found.ends),
                                       bytes_of(found.values), bytes_of(found.examples), bytes_of(found.sizes),
                                       bytes_of(found.rows), bytes_of(found.kind), bytes_of(found.a),
                                       bytes_of(found.b), bytes_of(found.call), bytes_of(found.ret));
                return 0;
            });
        });
        return reason == Reason::none ? result : Py_BuildValue("ii", static_cast<int>(reason), 0);
    });
}

PyMethodDef methods[] = {
    {"registers", registers, METH_VARARGS, "The registers in a history, one for each key."},
    {"search_register", search_register, METH_VARARGS, "Search for a linearization of operations on a register."},
    {"search_table", search_table, METH_VARARGS, "Search for a linearization, with a function that gives the steps."},
    {"zones", zones, METH_VARARGS, "Decide registers whose values are written once."},
    {"tighten", tighten, METH_VARARGS, "Leave out what cannot matter, and shrink intervals."},
    {"rank", rank, METH_VARARGS, "Put operations in the order of their calls, with positions for their times."},
    {"verify", verify, METH_VARARGS, "Whether an order of operations on a register is a linearization."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_kernel", "The native search kernel.", 0, methods,
                          nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__kernel() { return PyModule_Create(&definition); }
