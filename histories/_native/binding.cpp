// The native reader of JSON Lines as a Python module, in the limited API. What it gives is in plain.py.
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <exception>
#include <new>
#include <vector>

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

void read_without_gil(Ours& reader, Text data, size_t begin) {
    PyThreadState* state = PyEval_SaveThread();
    const auto pause = [&] {
        PyEval_RestoreThread(state);
        const bool interrupted = PyErr_CheckSignals() < 0;
        state = PyEval_SaveThread();
        if (interrupted) throw PythonError{};
    };
    try {
        reader.read(data, begin, pause);
    } catch (...) {
        PyEval_RestoreThread(state);
        throw;
    }
    PyEval_RestoreThread(state);
}

PyObject* read_ours(PyObject*, PyObject* arguments) {
    Py_buffer data{};
    Py_ssize_t begin;
    if (!PyArg_ParseTuple(arguments, "y*n", &data, &begin)) return nullptr;
    PyObject* result = nullptr;
    try {
        Ours reader;
        read_without_gil(reader, {static_cast<const char*>(data.buf), static_cast<size_t>(data.len)},
                         static_cast<size_t>(begin));
        const std::string texts = reader.texts.list();
        const Rows& rows = reader.pairing.rows;
        result = Py_BuildValue("NNNNNNNNNNNNNy#", bytes_of(rows.process), bytes_of(rows.f), bytes_of(rows.key),
                               bytes_of(rows.input), bytes_of(rows.output), bytes_of(rows.outcome),
                               bytes_of(rows.call), bytes_of(rows.ret), bytes_of(rows.invoked),
                               bytes_of(rows.completed), bytes_of(rows.node), bytes_of(rows.error),
                               bytes_of(reader.others), texts.data(), static_cast<Py_ssize_t>(texts.size()));
    } catch (const PythonError&) {
    } catch (const NotPlain&) {
        result = Py_BuildValue("");
    } catch (const std::exception&) {  // there is no memory for it, or no number
        PyErr_NoMemory();
    }
    PyBuffer_Release(&data);
    return result;
}

PyMethodDef methods[] = {
    {"read_ours", read_ours, METH_VARARGS, "The columns of a history in our own format, or None if it is not plain."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_reader", "The native reader of JSON Lines.", 0, methods,
                          nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__reader() { return PyModule_Create(&definition); }
