// The native kernel as a Python module, in the limited API. What each function takes is in kernel.py.
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>

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
        if (view_.len % sizeof(Element) || (size >= 0 && view_.len != size * static_cast<Py_ssize_t>(sizeof(Element)))) {
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
        : unlimited_(seconds < 0), deadline_(Clock::now()), stop_(stop), gil_(gil), looked_(Clock::now()) {
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
    bool unlimited_;
    Clock::time_point deadline_;
    const volatile uint8_t* stop_;
    WithoutGil& gil_;
    Clock::time_point looked_;
};

struct Budget {
    double seconds = 0;
    unsigned long long configurations = 0, bytes = 0;
    PyObject* stop = nullptr;
};

struct RegisterBuffers {
    Buffer kind, a, b, call, ret;

    Register get(PyObject* columns[5], int values, int initial) {
        Register result{};
        result.kind = kind.get<uint8_t>(columns[0]);
        const Py_ssize_t size = kind.size<uint8_t>();
        if (size > std::numeric_limits<int32_t>::max() / 4) throw std::length_error("too many operations");
        result.a = a.get<int32_t>(columns[1], size);
        result.b = b.get<int32_t>(columns[2], size);
        result.times = {static_cast<int32_t>(size), call.get<int32_t>(columns[3], size),
                        ret.get<int32_t>(columns[4], size)};
        result.values = values;
        result.initial = initial;
        if (!result.is_valid()) throw std::invalid_argument("a kind or value is out of range");
        return result;
    }
};

void require_positions(const Times& times) {
    for (int32_t i = 0; i < times.size; ++i)
        if (times.call[i] < 0 || times.call[i] == never || times.ret[i] <= times.call[i])
            throw std::invalid_argument("an operation returns before its call");
}

// The most operations open at once.
int32_t concurrency_of(const Times& times, const Events& events) {
    int32_t open = 0, most = 0;
    for (int32_t event : events) {
        if (event < 0) --open;
        else if (!times.pending(event)) most = std::max(most, ++open);
    }
    return most;
}

PyObject* bytes_of(const std::vector<int32_t>& numbers) {
    return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(numbers.data()),
                                     static_cast<Py_ssize_t>(numbers.size() * sizeof(int32_t)));
}

template <int Words, class Model>
Answer search_words(Model& model, const Times& times, const Events& events, unsigned rules, Way way,
                    const Limits& limits, Watch& watch) {
    const Search<Model, Words>* running = nullptr;
    Meter meter([&] { return running && running->bytes() > limits.bytes ? Reason::memory : watch.look(); });
    Search<Model, Words> search(model, times, events, rules, way, meter);
    running = &search;
    return search.run(limits);
}

template <class Model>
Answer search_model(Model& model, const Times& times, const Events& events, unsigned rules, Way way,
                    const Budget& budget, Watch& watch) {
    const Limits limits{budget.configurations, budget.bytes};
    if (concurrency_of(times, events) <= 64)
        return search_words<1>(model, times, events, rules, way, limits, watch);
    return search_words<0>(model, times, events, rules, way, limits, watch);
}

PyObject* result_of(const Answer& answer) {
    return Py_BuildValue("iiiNiNK", static_cast<int>(answer.outcome), static_cast<int>(answer.breadth_first),
                         static_cast<int>(answer.reason), bytes_of(answer.order), answer.position,
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
    PyObject* columns[5];
    int values, initial, way;
    unsigned rules;
    Budget budget;
    if (!PyArg_ParseTuple(arguments, "OOOOOiiIidKKO", &columns[0], &columns[1], &columns[2], &columns[3], &columns[4],
                          &values, &initial, &rules, &way, &budget.seconds, &budget.configurations, &budget.bytes,
                          &budget.stop))
        return nullptr;
    return guarded([&] {
        RegisterBuffers buffers;
        Buffer stop;
        const uint8_t* flag = stop.get<uint8_t>(budget.stop, 1);
        const Register given = buffers.get(columns, values, initial);
        Answer answer;
        {
            WithoutGil gil;
            require_positions(given.times);
            Watch watch(budget.seconds, flag, gil);
            const Events events = events_of(given.times);
            RegisterModel model(given, events);
            answer = search_model(model, given.times, events, rules, static_cast<Way>(way), budget, watch);
        }
        return result_of(answer);
    });
}

PyObject* search_table(PyObject*, PyObject* arguments) {
    PyObject *code_column, *call_column, *ret_column, *pure_column, *step;
    int initial, way;
    unsigned rules;
    Budget budget;
    if (!PyArg_ParseTuple(arguments, "OOOOiOIidKKO", &code_column, &call_column, &ret_column, &pure_column, &initial,
                          &step, &rules, &way, &budget.seconds, &budget.configurations, &budget.bytes, &budget.stop))
        return nullptr;
    return guarded([&] {
        Buffer code, call, ret, pure, stop;
        const uint8_t* flag = stop.get<uint8_t>(budget.stop, 1);
        const int32_t* codes = code.get<int32_t>(code_column);
        const Py_ssize_t size = code.size<int32_t>();
        if (size > std::numeric_limits<int32_t>::max() / 4) throw std::length_error("too many operations");
        const Times times{static_cast<int32_t>(size), call.get<int32_t>(call_column, size),
                          ret.get<int32_t>(ret_column, size)};
        const uint8_t* pure_codes = pure.get<uint8_t>(pure_column);
        for (Py_ssize_t i = 0; i < size; ++i)
            if (codes[i] < 0 || codes[i] >= pure.size<uint8_t>()) throw std::invalid_argument("a code is out of range");
        Answer answer;
        {
            WithoutGil gil;
            require_positions(times);
            Watch watch(budget.seconds, flag, gil);
            TableModel model(codes, pure_codes, initial, [&](int32_t state, int32_t wanted) {
                return gil.with_gil([&] {
                    PyObject* result = PyObject_CallFunction(step, "ii", state, wanted);
                    if (!result) throw PythonError{};
                    const long next = PyLong_AsLong(result);
                    Py_DecRef(result);
                    if (next == -1 && PyErr_Occurred()) throw PythonError{};
                    return static_cast<int32_t>(next);
                });
            });
            const Events events = events_of(times);
            answer = search_model(model, times, events, rules, static_cast<Way>(way), budget, watch);
        }
        return result_of(answer);
    });
}

PyObject* zones(PyObject*, PyObject* arguments) {
    PyObject* columns[5];
    int values, initial;
    Budget budget;
    if (!PyArg_ParseTuple(arguments, "OOOOOiidO", &columns[0], &columns[1], &columns[2], &columns[3], &columns[4],
                          &values, &initial, &budget.seconds, &budget.stop))
        return nullptr;
    return guarded([&] {
        RegisterBuffers buffers;
        Buffer stop;
        const uint8_t* flag = stop.get<uint8_t>(budget.stop, 1);
        const Register given = buffers.get(columns, values, initial);
        ZonesOutcome outcome = ZonesOutcome::inapplicable;
        Reason reason = Reason::none;
        std::vector<int32_t> order;
        {
            WithoutGil gil;
            require_positions(given.times);
            Watch watch(budget.seconds, flag, gil);
            Meter meter([&] { return watch.look(); });
            Zones engine(given, meter);
            try {
                outcome = engine.run();
            } catch (const Spent& spent) {
                reason = spent.reason;
            }
            if (outcome == ZonesOutcome::valid) order = std::move(engine.order);
        }
        return Py_BuildValue("iiN", static_cast<int>(outcome), static_cast<int>(reason), bytes_of(order));
    });
}

PyObject* verify(PyObject*, PyObject* arguments) {
    PyObject *columns[5], *order_column;
    int values, initial;
    if (!PyArg_ParseTuple(arguments, "OOOOOiiO", &columns[0], &columns[1], &columns[2], &columns[3], &columns[4],
                          &values, &initial, &order_column))
        return nullptr;
    return guarded([&] {
        RegisterBuffers buffers;
        Buffer order_buffer;
        const Register given = buffers.get(columns, values, initial);
        const int32_t* numbers = order_buffer.get<int32_t>(order_column);
        bool is_one;
        {
            WithoutGil gil;
            is_one = is_linearization(given, {numbers, numbers + order_buffer.size<int32_t>()});
        }
        return PyBool_FromLong(is_one);
    });
}

PyObject* tighten(PyObject*, PyObject* arguments) {
    PyObject* columns[5];
    int values, initial;
    if (!PyArg_ParseTuple(arguments, "OOOOOii", &columns[0], &columns[1], &columns[2], &columns[3], &columns[4],
                          &values, &initial))
        return nullptr;
    return guarded([&] {
        RegisterBuffers buffers;
        const Register given = buffers.get(columns, values, initial);
        std::vector<int32_t> kept, call, ret;
        {
            WithoutGil gil;
            Tightened tightened(given);
            kept = std::move(tightened.kept);
            call = std::move(tightened.call);
            ret = std::move(tightened.ret);
        }
        return Py_BuildValue("NNN", bytes_of(kept), bytes_of(call), bytes_of(ret));
    });
}

PyMethodDef methods[] = {
    {"search_register", search_register, METH_VARARGS, "Search for a linearization of operations on a register."},
    {"search_table", search_table, METH_VARARGS, "Search for a linearization, with a function that gives the steps."},
    {"zones", zones, METH_VARARGS, "Decide registers whose values are written once."},
    {"tighten", tighten, METH_VARARGS, "Leave out what cannot matter, and shrink intervals."},
    {"verify", verify, METH_VARARGS, "Whether an order of operations on a register is a linearization."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_kernel", "The native search kernel.", 0, methods,
                          nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__kernel() { return PyModule_Create(&definition); }
