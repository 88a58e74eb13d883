// The native reader of JSON Lines as a Python module, in the limited API. What it gives is in plain.py.
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <exception>
#include <new>
#include <vector>

#include "foreign.hpp"
#include "ours.hpp"

namespace {

using namespace splitbrain;

// Thrown where Python has set an exception.
struct PythonError {};

template <class Element>
PyObject* bytes_of(const std::vector<Element>& elements) {
    return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(elements.data()),
                                     static_cast<Py_ssize_t>(elements.size() * sizeof(Element)));
}

// Runs the body without the GIL. What it is given lets Python look after Ctrl-C.
template <class Body>
void without_gil(Body body) {
    PyThreadState* state = PyEval_SaveThread();
    const auto pause = [&] {
        PyEval_RestoreThread(state);
        const bool interrupted = PyErr_CheckSignals() < 0;
        state = PyEval_SaveThread();
        if (interrupted) throw PythonError{};
    };
    try {
        body(pause);
    } catch (...) {
        PyEval_RestoreThread(state);
        throw;
    }
    PyEval_RestoreThread(state);
}

PyObject* columns_of(const Rows& rows, const Interned& texts, const std::vector<int64_t>& others) {
    const std::string list = texts.list();
    return Py_BuildValue("NNNNNNNNNNNNNy#", bytes_of(rows.process), bytes_of(rows.f), bytes_of(rows.key),
                         bytes_of(rows.input), bytes_of(rows.output), bytes_of(rows.outcome), bytes_of(rows.call),
                         bytes_of(rows.ret), bytes_of(rows.invoked), bytes_of(rows.completed), bytes_of(rows.node),
                         bytes_of(rows.error), bytes_of(others), list.data(), static_cast<Py_ssize_t>(list.size()));
}

PyObject* split_of(const Processes::Split& split) {
    return Py_BuildValue("LLL", static_cast<long long>(split.count), static_cast<long long>(split.line),
                         static_cast<long long>(split.name));
}

PyObject* result_of(const Ours& reader) { return columns_of(reader.rows, reader.texts, reader.others); }

PyObject* result_of(const Foreign& reader) {
    return Py_BuildValue("NNNNL", columns_of(reader.rows, reader.texts, reader.others), bytes_of(reader.places),
                         split_of(reader.processes.after_unknown), split_of(reader.processes.while_open),
                         static_cast<long long>(reader.connect_errors));
}

// Reads the buffer, from a place on; an empty tuple if it is not plain.
template <class Reader>
PyObject* read(PyObject*, PyObject* arguments) {
    Py_buffer data{};
    Py_ssize_t begin;
    if (!PyArg_ParseTuple(arguments, "y*n", &data, &begin)) return nullptr;
    PyObject* result = nullptr;
    try {
        Reader reader;
        const Text text{static_cast<const char*>(data.buf), static_cast<size_t>(data.len)};
        without_gil([&](const auto& pause) { reader.read(text, static_cast<size_t>(begin), pause); });
        result = result_of(reader);
    } catch (const PythonError&) {
    } catch (const NotPlain&) {
        result = Py_BuildValue("()");
    } catch (const std::exception&) {  // there is no memory for it
        PyErr_NoMemory();
    }
    PyBuffer_Release(&data);
    return result;
}

PyMethodDef methods[] = {
    {"read_ours", read<Ours>, METH_VARARGS, "The columns of a history in our own format."},
    {"read_events", read<Events>, METH_VARARGS, "The columns of a history in the format events."},
    {"read_paired", read<Paired>, METH_VARARGS, "The columns of a history in the format paired."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_reader", "The native reader of JSON Lines.", 0, methods,
                          nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__reader() { return PyModule_Create(&definition); }
